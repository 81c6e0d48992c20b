"""Questions in SQL: `corpusmill sql`, and the same in notebooks (`corpusmill.open_lake`).

`statement.py` looks at the text of a query, `asking.py` asks it, `mistakes.py` says in a sentence what is wrong with
it, `printed.py` and `written.py` show the answer on a terminal and write it to a file.
"""
