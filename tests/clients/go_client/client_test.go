// What a Go program does with the catalog through Apache's iceberg-go. The suite writes the functions that open it, each from a block of
// docs/engines.md, and has made two tables in the namespace `burrow`, of which one was given to the stranger.
package main

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/table"
	"github.com/apache/iceberg-go/view"
)

var schema = iceberg.NewSchema(0,
	iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64, Required: false},
	iceberg.NestedField{ID: 2, Name: "word", Type: iceberg.PrimitiveTypes.String, Required: false},
)

func TestWithoutLoginItCreatesWritesAndReads(t *testing.T) {
	opened, err := withoutLogin(t.Context())
	must(t, err)
	writeAndRead(t, opened)
}

func TestWithClientCredentialsItCreatesWritesAndReads(t *testing.T) {
	opened, err := withLogin(t.Context())
	must(t, err)
	writeAndRead(t, opened)
}

func writeAndRead(t *testing.T, lake catalog.Catalog) {
	words := aTable(t, lake, "gophers", "words")
	words = appended(t, words, 0, 1000)
	words = appended(t, words, 1000, 10)
	loaded, err := lake.LoadTable(t.Context(), words.Identifier())
	must(t, err)
	equal(t, rows(t, loaded), 1010)
	equal(t, len(loaded.Metadata().Snapshots()), 2)
}

func TestColumnsAndPropertiesChange(t *testing.T) {
	lake := opened(t)
	words := aTable(t, lake, "changing", "words")
	change := words.NewTransaction()
	must(t, change.SetProperties(iceberg.Properties{"said": "by Go"}))
	must(t, change.UpdateSchema(true, false).
		AddColumn([]string{"length"}, iceberg.PrimitiveTypes.Int32, "in letters", false, nil).
		RenameColumn([]string{"word"}, "term").
		Commit())
	_, err := change.Commit(t.Context())
	must(t, err)
	loaded, err := lake.LoadTable(t.Context(), words.Identifier())
	must(t, err)
	equal(t, loaded.Properties()["said"], "by Go")
	var names []string
	for _, field := range loaded.Schema().Fields() {
		names = append(names, field.Name)
	}
	equal(t, fmt.Sprint(names), "[id term length]")
}

func TestACommitOnAnOldStateIsRefusedOrTriedAgain(t *testing.T) {
	lake := opened(t)
	words := aTable(t, lake, "racing", "words")
	_ = appended(t, words, 0, 1)
	changed := words.Metadata().CurrentSchema().ID
	_, _, err := lake.CommitTable(t.Context(), words.Identifier(),
		[]table.Requirement{table.AssertRefSnapshotID("main", nil)},
		[]table.Update{table.NewSetCurrentSchemaUpdate(changed)})
	if !errors.Is(err, rest.ErrCommitFailed) {
		t.Fatalf("a commit whose requirement does not hold was answered by %v", err)
	}
}

func TestNamespacesTablesAndViewsAreFoundRenamedAndDropped(t *testing.T) {
	ctx, lake := t.Context(), opened(t)
	parent, child := catalog.ToIdentifier("nest"), catalog.ToIdentifier("nest", "egg")
	must(t, lake.CreateNamespace(ctx, parent, iceberg.Properties{"owner": "gopher"}))
	must(t, lake.CreateNamespace(ctx, child, nil))
	found, err := lake.ListNamespaces(ctx, parent)
	must(t, err)
	equal(t, fmt.Sprint(found), "[[nest egg]]")
	properties, err := lake.LoadNamespaceProperties(ctx, parent)
	must(t, err)
	equal(t, properties["owner"], "gopher")

	made, err := lake.CreateTable(ctx, append(slices.Clone(child), "yolk"), schema)
	must(t, err)
	_, err = lake.RenameTable(ctx, made.Identifier(), append(slices.Clone(child), "white"))
	must(t, err)
	equal(t, fmt.Sprint(tables(t, lake, child)), "[[nest egg white]]")

	views := lake.(*rest.Catalog)
	query, err := view.NewVersion(1, 1, []view.Representation{view.NewRepresentation("SELECT 1 AS id", "trino")}, child)
	must(t, err)
	shell := append(slices.Clone(child), "shell")
	_, err = views.CreateView(ctx, shell, query, schema)
	must(t, err)
	exists, err := views.CheckViewExists(ctx, shell)
	must(t, err)
	equal(t, exists, true)
	must(t, views.DropView(ctx, shell))

	must(t, lake.DropTable(ctx, append(slices.Clone(child), "white")))
	must(t, lake.DropNamespace(ctx, child))
	must(t, lake.DropNamespace(ctx, parent))
	exists, err = lake.CheckNamespaceExists(ctx, parent)
	must(t, err)
	equal(t, exists, false)
}

func TestACallerSeesTheOneTableThatWasGivenToThem(t *testing.T) {
	lake := opened(t)
	given, err := lake.LoadTable(t.Context(), catalog.ToIdentifier("burrow", "shown"))
	must(t, err)
	_ = appended(t, given, 0, 3)
	theirs, err := asStranger(t.Context())
	must(t, err)
	equal(t, fmt.Sprint(tables(t, theirs, catalog.ToIdentifier("burrow"))), "[[burrow shown]]")
	shown, err := theirs.LoadTable(t.Context(), catalog.ToIdentifier("burrow", "shown"))
	must(t, err)
	equal(t, rows(t, shown), 3)
	_, err = theirs.LoadTable(t.Context(), catalog.ToIdentifier("burrow", "hidden"))
	if !errors.Is(err, catalog.ErrNoSuchTable) {
		t.Fatalf("a table that was not given to them was answered by %v", err)
	}
}

func opened(t *testing.T) catalog.Catalog {
	t.Helper()
	lake, err := withLogin(t.Context())
	must(t, err)
	return lake
}

func aTable(t *testing.T, lake catalog.Catalog, namespace, name string) *table.Table {
	t.Helper()
	exists, err := lake.CheckNamespaceExists(t.Context(), catalog.ToIdentifier(namespace))
	must(t, err)
	if !exists {
		must(t, lake.CreateNamespace(t.Context(), catalog.ToIdentifier(namespace), nil))
	}
	made, err := lake.CreateTable(t.Context(), catalog.ToIdentifier(namespace, name), schema)
	must(t, err)
	return made
}

func appended(t *testing.T, to *table.Table, from, count int64) *table.Table {
	t.Helper()
	fields := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
		{Name: "word", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, fields)
	defer builder.Release()
	for i := from; i < from+count; i++ {
		builder.Field(0).(*array.Int64Builder).Append(i)
		builder.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("word %d", i))
	}
	batch := builder.NewRecordBatch()
	defer batch.Release()
	data := array.NewTableFromRecords(fields, []arrow.RecordBatch{batch})
	defer data.Release()
	done, err := to.AppendTable(t.Context(), data, count, nil)
	must(t, err)
	return done
}

func rows(t *testing.T, of *table.Table) int64 {
	t.Helper()
	read, err := of.Scan().ToArrowTable(t.Context())
	must(t, err)
	defer read.Release()
	return read.NumRows()
}

func tables(t *testing.T, lake catalog.Catalog, namespace table.Identifier) []table.Identifier {
	t.Helper()
	var found []table.Identifier
	for name, err := range lake.ListTables(t.Context(), namespace) {
		must(t, err)
		found = append(found, name)
	}
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Fatalf("%v is not %v", got, wanted)
	}
}
