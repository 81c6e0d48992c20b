"""Explaining: what became of one page, step by step, from the rows that the stages left about it.

`reading` reads them (Spark), `explained` makes values of them, `terminal` and `page` show these. Everything but
`reading` is pure.
"""
