"""What a view consists of, and how it is made."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from jobs.runtime.table import literal


class View(NamedTuple):
    """A named query. `columns` has its columns in order, each with the comment that DESCRIBE shows.

    Where `names_from` is given, a query for names, each of them becomes a further column behind the others: `query`
    says with `{named}` where they stand, and `named` what each of them is.
    """

    name: str
    comment: str
    needs: tuple[str, ...]  # tables and views without which it is not made
    columns: Mapping[str, str]
    query: str
    names_from: str = ""
    named: str = ""  # SQL of a column, with {name} for the name as a literal
    named_comment: str = ""


def definition(view: View, names: Sequence[str] = ()) -> str:
    """The statement that makes the view known to a session; `names` are what its `names_from` found."""
    columns = dict(view.columns)
    named = ""
    for name in names:
        column = free_name(name, columns)
        columns[column] = view.named_comment.format(name=name)
        named += f", {view.named.format(name=literal(name))} AS {quoted(column)}"
    shown = ", ".join(f"{quoted(name)} COMMENT {literal(comment)}" for name, comment in columns.items())
    query = view.query.replace("{named}", named) if view.names_from else view.query
    return f"CREATE OR REPLACE TEMPORARY VIEW {view.name} ({shown}) COMMENT {literal(view.comment)} AS {query}"


def free_name(name: str, taken: Mapping[str, str]) -> str:
    """`name`, or where a column is called so already (upper and lower case are one), the next name that is free."""
    known = {column.lower() for column in taken}
    while name.lower() in known:
        name += "_signal"
    return name


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"
