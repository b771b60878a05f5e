"""Namespaces: nesting, properties, names that need escaping, names that differ only in case."""

import pytest
from pyiceberg.exceptions import NamespaceAlreadyExistsError, NamespaceNotEmptyError, NoSuchNamespaceError, RESTError
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField

SCHEMA = Schema(NestedField(1, "id", LongType(), required=True))

ODD_NAMES = [
    "with space",
    "with.dot",
    "with/slash",
    "with%percent",
    "with%2Fescaped",
    "with+plus",
    "with&and=equals?query#hash",
    "quote'\"`",
    "back\\slash",
    "ünïcödé",
    "雪国",
    "😀",
    "select",
    "-",
    "a" * 120,
]


@pytest.mark.parametrize("odd", ODD_NAMES)
def test_odd_names_live_through_create_list_load_and_drop(catalog, namespace, odd):
    nested = (*namespace, odd)
    catalog.create_namespace(nested, {"note": odd})
    assert catalog.list_namespaces(namespace) == [nested]
    assert catalog.load_namespace_properties(nested)["note"] == odd
    table = catalog.create_table((*nested, odd), SCHEMA)
    assert catalog.list_tables(nested) == [(*nested, odd)]
    assert catalog.load_table((*nested, odd)).metadata_location == table.metadata_location
    with table.transaction() as change:
        change.set_properties(note=odd)
    assert catalog.load_table((*nested, odd)).properties["note"] == odd
    catalog.drop_table((*nested, odd))
    catalog.drop_namespace(nested)
    assert not catalog.namespace_exists(nested)


def test_namespaces_nest_to_any_depth(catalog, namespace):
    deep = namespace
    for level in range(8):
        deep = (*deep, f"level{level}")
        catalog.create_namespace(deep)
    assert catalog.list_namespaces(namespace) == [(*namespace, "level0")]
    assert catalog.list_namespaces(deep[:-1]) == [deep]
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(deep[:-1])


def test_a_child_needs_its_parent(catalog, namespace):
    # the client has no error of its own for this answer
    with pytest.raises(RESTError, match="Namespace does not exist: .*absent"):
        catalog.create_namespace((*namespace, "absent", "child"))


def test_a_namespace_exists_once(catalog, namespace):
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace(namespace)
    catalog.create_namespace_if_not_exists(namespace)


def test_names_match_whatever_their_case(catalog, namespace):
    upper = (namespace[0].upper(),)
    assert catalog.namespace_exists(upper)
    with pytest.raises(NamespaceAlreadyExistsError):
        catalog.create_namespace(upper)
    catalog.create_table((*namespace, "Mixed_Case"), SCHEMA)
    assert catalog.table_exists((*upper, "mixed_case"))
    assert catalog.list_tables(namespace) == [(*namespace, "Mixed_Case")]


def test_properties_are_set_changed_and_removed(catalog, namespace):
    first = catalog.update_namespace_properties(namespace, updates={"a": "1", "b": "2"})
    assert sorted(first.updated) == ["a", "b"]
    second = catalog.update_namespace_properties(namespace, removals={"a", "never"}, updates={"b": "3"})
    assert (second.removed, second.updated, second.missing) == (["a"], ["b"], ["never"])
    properties = catalog.load_namespace_properties(namespace)
    assert properties["b"] == "3" and "a" not in properties


def test_a_full_namespace_is_not_dropped(catalog, namespace):
    catalog.create_table((*namespace, "t"), SCHEMA)
    with pytest.raises(NamespaceNotEmptyError):
        catalog.drop_namespace(namespace)


def test_an_absent_namespace_is_said_to_be_absent(catalog):
    for use in (
        catalog.load_namespace_properties,
        catalog.drop_namespace,
        catalog.list_tables,
        catalog.list_namespaces,
    ):
        with pytest.raises(NoSuchNamespaceError):
            use(("absent",))
    assert not catalog.namespace_exists(("absent",))


def test_lists_are_whole_in_pages_of_any_size(catalog, properties, namespace):
    from pyiceberg.catalog import load_catalog

    tables = {(*namespace, f"t{i:02}") for i in range(11)}
    for table in tables:
        catalog.create_table(table, SCHEMA)
    for size in ("1", "3", "11", "1000"):
        paging = load_catalog("paging", **properties, **{"rest-page-size": size})
        listed = paging.list_tables(namespace)
        assert len(listed) == len(tables) and set(listed) == tables
