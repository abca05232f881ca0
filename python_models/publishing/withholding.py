"""What is published of a mart, as one select: pure functions of its node in dbt's graph.

No personal column, ids as pseudonyms where that is asked for, and nothing of a cell, or of a part of it, that is too
small. Column properties under `config.meta` hold for every mart that has the column: `is_personal` (never published)
and `is_person_key` (names a person). The rows of a mart are cells of customers unless a row is a customer or counts
none; the mart declares under `config.meta.cells`:

* count: the column with the size; default customers_count
* add_up_within: the columns within whose values the cells add up to something public; default: they do not
* outcomes: list of what the columns disclose about churn: `withheld_in`, the model with the cells to withhold
  (cut_name, cut_value), `cut_name` and `cut_value`, the cell as SQL over the mart's columns (without a value: any cell
  of that name), and `tells`, the columns (default: all), or `rounds`, columns that keep three decimals; a mart with a
  count or rate of churned customers has some
* corrected_within: the columns that make a family of p-values: q_value is published as that of the rows that are not
  withheld, and what is concluded from it in the mart (a verdict) as it was concluded from all
* dimensions: further columns that say which cell it is, and other sizes than `count`; they stay in small cells
* ranks: column with a rank that depends on withheld figures -> the columns within which it counts; it is renumbered
  among the published rows
* withheld_texts: columns of sentences that say so where they are withheld
* leaves_out: withheld rows are left out, because the existence of a row discloses the outcome
* parts: column that counts some of the cell (or, called a share, their share) -> `of`, the column with the number that
  they are a part of, which must not be small either (default: the size), and `tells`, the columns that disclose the
  same; `except` is a condition (as SQL over the mart's columns) of rows in which `except_columns` disclose nothing of
  the part
* bases: column that counts some of the cell -> the columns that are about these only
"""

import dataclasses
import re

WITHHELD = "'Withheld: it would disclose what few customers did.'"
# what a small cell may show: its name, definition and size
SHOWN = re.compile(
    r".+_(id|code|name|label|scheme|set|family|number|kind)|(lower|upper)_bound(_amount)?|value|predicate_sql|statement"
    r"|cut_count|strategy_rank|is_small_cell|is_active|churn_basis|observed_on|window_days"
)


@dataclasses.dataclass(frozen=True)
class Rules:
    """`minimum` is the size below which a cell is small, `text_type` the engine's type of texts, `corrected` the select
    that gives the rows of cells_withheld their published_q_value within FAMILY, and `pseudonym` the SQL of one for
    COLUMN, or None where ids are published as they are."""

    minimum: int
    text_type: str
    corrected: str
    pseudonym: str | None = None


def published_marts(nodes: dict[str, dict]) -> list[dict]:
    """The models of the layer marts, but those that say config.meta.is_published: false, by name."""
    marts = [
        node
        for node in nodes.values()
        if node["resource_type"] == "model"
        and node["config"]["enabled"]
        and node["fqn"][1] == "marts"
        and node["config"]["meta"].get("is_published", True)
    ]
    return sorted(marts, key=lambda node: node["name"])


def tagged(nodes: dict[str, dict], tag: str) -> set[str]:
    """The names of columns that any model or seed calls so under config.meta."""
    return {
        name
        for node in nodes.values()
        if node["resource_type"] in ("model", "seed")
        for name, column in node["columns"].items()
        if column["config"]["meta"].get(tag)
    }


def published_columns(mart: dict, nodes: dict[str, dict]) -> list[str]:
    personal = tagged(nodes, "is_personal")
    return [name for name in mart["columns"] if name not in personal]


def published_rows(mart: dict, nodes: dict[str, dict], rules: Rules) -> str:
    """What of a mart is published, as a select. `nodes` are those of the project, by id."""
    keys = tagged(nodes, "is_person_key")
    columns = published_columns(mart, nodes)
    cells = _cells(mart, keys)
    if cells is None:
        ids = {
            name: f"{rules.pseudonym.replace('COLUMN', name)} as {name}"
            for name in columns
            if rules.pseudonym and name in keys
        }
        selected = ", ".join(ids.get(name, name) for name in columns)
        return f"select {selected} from {mart['relation_name']}"
    withheld = _withheld_rows(mart, cells, nodes, rules)
    rows = f"({withheld}) as cells"
    if "corrected_within" in cells:
        # rows whose q-value is withheld are not in the family of the others, whose q-values would disclose them
        family = [*cells["corrected_within"], "is_withheld", *_flags("q_value", cells)]
        corrected = rules.corrected.replace("FAMILY", ", ".join(family))
        rows = f"(with cells_withheld as ({withheld}) {corrected}) as cells"
    selected = ", ".join(_published_value(name, mart, cells) for name in columns)
    return f"select {selected} from {rows}{' where not is_withheld' if cells.get('leaves_out') else ''}"


@dataclasses.dataclass(frozen=True)
class _Part:
    """A part of cells that is judged separately: the columns that disclose it, and the counts that must not be small.
    Of a part that is the part itself and the rest, since both follow from each other; of a base only the base."""

    name: str
    tells: list[str]
    counts: list[str]
    whole: str | None = None
    exception: str | None = None
    except_columns: tuple[str, ...] = ()


def _cells(mart: dict, person_keys: set[str]) -> dict | None:
    cells = mart["config"]["meta"].get("cells", {})
    cells = {"count": "customers_count"} | cells
    is_counted = cells["count"] in mart["columns"] and not person_keys & mart["columns"].keys()
    return cells if is_counted else None


def _parts(cells: dict) -> list[_Part]:
    parts = []
    for column, part in cells.get("parts", {}).items():
        whole = part.get("of", cells["count"])
        count = f"round({column} * {whole})" if column.endswith("_share") else column
        parts.append(
            _Part(
                name=column,
                tells=[column, *part.get("tells", [])],
                counts=[count, f"{whole} - {count}"],
                whole=part.get("of"),
                exception=part.get("except"),
                except_columns=tuple(part.get("except_columns", ())),
            )
        )
    for column, tells in cells.get("bases", {}).items():
        parts.append(_Part(name=f"{column}_base", tells=tells, counts=[column]))
    return parts


def _flags(column: str, cells: dict) -> list[str]:
    """The flags of parts and outcomes that a column tells of."""
    flags = []
    for part in _parts(cells):
        if column in part.tells:
            is_other = part.exception and column in part.except_columns
            rows = f" and not coalesce({part.exception}, false)" if is_other else ""
            flags.append(f"is_withheld_{part.name}{rows}")
    for number, outcome in enumerate(cells.get("outcomes", [])):
        if column in outcome.get("tells", []):
            flags.append(f"is_withheld_outcome_{number}")
    return flags


def _published_value(column: str, mart: dict, cells: dict) -> str:
    if column == "is_suppressed":
        return "is_suppressed or is_withheld as is_suppressed"
    if column == "suppression_reason":
        reason = "case when is_withheld then 'a small cell would follow from it' end"
        return f"coalesce(suppression_reason, {reason}) as suppression_reason"
    if _stays_in_a_small_cell(column, mart, cells):
        return column
    is_hidden = f"({' or '.join(['is_withheld', *_flags(column, cells)])})"
    value = "published_q_value" if "corrected_within" in cells and column == "q_value" else column
    for number, outcome in enumerate(cells.get("outcomes", [])):
        if column in outcome.get("rounds", []):
            value = (
                f"case when is_withheld_outcome_{number} then round({value}, 3) else {value} end"
            )
    if column in cells.get("ranks", {}):
        # a missing place would say between which rows a withheld one stands
        within = ", ".join([*cells["ranks"][column], is_hidden])
        value = f"cast(row_number() over (partition by {within} order by {column}) as bigint)"
    otherwise = f" else {WITHHELD}" if column in cells.get("withheld_texts", []) else ""
    return f"case when not {is_hidden} then {value}{otherwise} end as {column}"


def _stays_in_a_small_cell(column: str, mart: dict, cells: dict) -> bool:
    """No figure of its customers does, nor what follows from one."""
    if _flags(column, cells):
        return False
    named = [*mart["config"]["meta"].get("grain", []), *cells.get("dimensions", []), cells["count"]]
    return column in named or SHOWN.fullmatch(column) is not None


def _withheld_rows(mart: dict, cells: dict, nodes: dict[str, dict], rules: Rules) -> str:
    """The rows of a mart with is_withheld: true for small cells, and for the cells that keep these from being worked
    out as what is missing from a sum; and with is_withheld_<part> for each part of them."""
    whole = [
        f"is_withheld_outcome_{number}"
        for number, outcome in enumerate(cells.get("outcomes", []))
        if not (outcome.get("tells") or outcome.get("rounds"))
    ]
    rows = _with_outcomes(mart, cells.get("outcomes", []), nodes)
    size = _Part(name="", tells=[], counts=[cells["count"]])
    judged = {"is_withheld": (size, " or ".join(["false", *whole]))}
    withheld = _with_companions(rows, judged, mart, cells, rules)
    parts = {f"is_withheld_{part.name}": (part, "is_withheld") for part in _parts(cells)}
    if not parts:
        return withheld
    return _with_companions(f"({withheld}) as cells", parts, mart, cells, rules)


def _with_outcomes(mart: dict, outcomes: list[dict], nodes: dict[str, dict]) -> str:
    """The mart's rows with is_withheld_outcome_<number> for each of its outcomes: true where the cell is one of those
    withheld."""
    if not outcomes:
        return mart["relation_name"]
    relations = {node["name"]: node["relation_name"] for node in nodes.values()}
    flags, joins = "", ""
    for number, outcome in enumerate(outcomes):
        name = f"outcome_{number}"
        flags += f", {name}.withheld_name is not null as is_withheld_outcome_{number}"
        keys = {f"withheld_{key[4:]}": key for key in ("cut_name", "cut_value") if key in outcome}
        joins += (
            f" left join (select distinct {', '.join(f'{cut} as {key}' for key, cut in keys.items())}"
            f" from {relations[outcome['withheld_in']]}) as {name}"
            f" on {' and '.join(f'{name}.{key} = {outcome[cut]}' for key, cut in keys.items())}"
        )
    return f"(select told.*{flags} from {mart['relation_name']} as told{joins}) as cells"


def _with_companions(
    relation: str, judged: dict[str, tuple[_Part, str]], mart: dict, cells: dict, rules: Rules
) -> str:
    """Adds the flags in `judged` to the rows of a relation: true where one of the counts of its part is above zero and
    below the minimum, or where the condition beside it holds.

    Where these rows do not protect each other, a companion is withheld too: the row of the group with the smallest
    counts that are not below the minimum or, if it has none, all rows. Rows protect each other if together they are not
    below the minimum, and if each count of a pair that adds up to a known size could differ by two.
    """
    within = cells.get("add_up_within")
    group = ", ".join(["true", *(within or [])])
    keys = "".join(
        f", coalesce(cast({column} as {rules.text_type}), 'unknown')"
        for column in mart["config"]["meta"]["grain"]
    )
    shut, totals, exposed, flags = "", "", "", ""
    for flag, (part, already) in judged.items():
        smallest = _least(part.counts)
        is_small = "".join(
            f" or coalesce({count} > 0 and {count} < {rules.minimum}, false)"
            for count in [*part.counts, *([part.whole] if part.whole else [])]
        )
        shut += (
            f", {already}{is_small} as shut_{flag}"
            f", not ({already}) and coalesce({smallest} >= {rules.minimum}, false) as open_{flag}"
        )
        names = [f"total_{number}_{flag}" for number in range(len(part.counts))]
        for name, count in zip(names, part.counts, strict=True):
            total = f"sum(case when shut_{flag} then {count} end) over (partition by {group})"
            totals += f", coalesce({total}, 0) as {name}"
        totals += (
            f", count(case when open_{flag} then 1 end) over (partition by {group}) as open_rows_{flag}"
            f", row_number() over (partition by {group}, open_{flag} order by {smallest}{keys}) as rank_{flag}"
        )
        is_exposed = f"{_least(names)} < {rules.minimum}"
        if len(part.counts) == 2:
            one, two = part.counts
            room = f"least({one}, {names[1]} - ({two})) + least({two}, {names[0]} - ({one}))"
            is_exposed += f" or {room} < least(2, {one} + {two})"
        exposed += f", shut_{flag} and ({is_exposed}) as exposed_{flag}"
        companion = ""
        if within is not None:
            companion = (
                f" or max(case when exposed_{flag} then 1 else 0 end) over (partition by {group}) = 1"
                f" and (open_rows_{flag} = 0 or open_{flag} and rank_{flag} = 1)"
            )
        flags += f", shut_{flag}{companion} as {flag}"
    return (
        f"select *{flags} from (select *{exposed} from (select *{totals} from (select *{shut} from {relation}"
        ") as judged) as totalled) as exposed"
    )


def _least(values: list[str]) -> str:
    """least() of one value is an error on Spark."""
    return f"least({', '.join(values)})" if len(values) > 1 else values[0]
