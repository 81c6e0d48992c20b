"""The report: what a lake holds and what became of its pages, as one HTML file. `queries` ask, `reading` runs them,
`facts` holds what they said, `sections` and `page` show it."""
