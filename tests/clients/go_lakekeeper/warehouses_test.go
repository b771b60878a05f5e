package golakekeeper

import (
	"context"
	"net/http"
	"os"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/catalog/rest"
	"github.com/apache/iceberg-go/view"
	managementv1 "github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1"
	"github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1/storage/credential"
	"github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1/storage/profile"
	"github.com/baptistegh/go-lakekeeper/pkg/core"
	"github.com/stretchr/testify/require"
)

func TestAWarehouseIsCreatedAsItWasAskedFor(t *testing.T) {
	project := aProject(t)
	id, name := aWarehouse(t, project)
	found, _, err := admin.WarehouseV1(project).Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, name, found.Name)
	require.Equal(t, project, found.ProjectID)
	require.True(t, found.IsActive())
	require.False(t, found.Protected)
	require.Equal(t, profile.NewTabularDeleteProfileHard().AsProfile(), found.DeleteProfile)
	stored, isS3 := found.StorageProfile.AsS3()
	require.True(t, isS3)
	require.Equal(t, storage(name), stored)
}

func TestAWarehouseWithAKeyThatIsNoneIsRefused(t *testing.T) {
	name := aName("warehouse")
	_, _, err := admin.WarehouseV1(defaultProject).Create(t.Context(), &managementv1.CreateWarehouseOptions{
		Name:              name,
		StorageProfile:    storage(name).AsProfile(),
		StorageCredential: credential.NewS3CredentialAccessKey("nobody", "wrong").AsCredential(),
	})
	refused(t, err, http.StatusBadRequest, "InvalidStorageProfile")
}

func TestWarehousesAreRenamedListedAndDeactivated(t *testing.T) {
	project := aProject(t)
	warehouses := admin.WarehouseV1(project)
	id, _ := aWarehouse(t, project)
	other, otherName := aWarehouse(t, project)
	_, err := warehouses.Rename(t.Context(), id, &managementv1.RenameWarehouseOptions{NewName: "renamed"})
	require.NoError(t, err)
	_, err = warehouses.Rename(t.Context(), id, &managementv1.RenameWarehouseOptions{NewName: otherName})
	refused(t, err, http.StatusConflict, "AlreadyExistsException")
	_, err = warehouses.Deactivate(t.Context(), other)
	require.NoError(t, err)
	// The client asks for `warehouseStatus[]`, which the API does not know: it lists the active ones.
	inactive := []managementv1.WarehouseStatus{managementv1.WarehouseStatusInactive}
	listed, _, err := warehouses.List(t.Context(), &managementv1.ListWarehouseOptions{WarehouseStatus: inactive})
	require.NoError(t, err)
	require.Len(t, listed.Warehouses, 1)
	require.Equal(t, "renamed", listed.Warehouses[0].Name)
	_, err = warehouses.Activate(t.Context(), other)
	require.NoError(t, err)
	listed, _, err = warehouses.List(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, listed.Warehouses, 2)
}

func TestAProtectedWarehouseIsDeletedByForceAlone(t *testing.T) {
	project := aProject(t)
	warehouses := admin.WarehouseV1(project)
	id, _ := aWarehouse(t, project)
	set, _, err := warehouses.SetWarehouseProtection(t.Context(), id, &managementv1.SetProtectionOptions{Protected: true})
	require.NoError(t, err)
	require.True(t, set.Protected)
	require.NotNil(t, set.UpdatedAt)
	_, err = warehouses.Delete(t.Context(), id, nil)
	refused(t, err, http.StatusConflict, "WarehouseProtected")
	_, err = warehouses.Delete(t.Context(), id, &managementv1.DeleteWarehouseOptions{Force: core.Ptr(true)})
	require.NoError(t, err)
	_, _, err = warehouses.Get(t.Context(), id)
	refused(t, err, http.StatusNotFound, "NoSuchWarehouseException")
}

func TestStorageOfAWarehouseIsChanged(t *testing.T) {
	project := aProject(t)
	warehouses := admin.WarehouseV1(project)
	id, name := aWarehouse(t, project)
	mine := key().AsCredential()
	changed := storage(name)
	profile.WithPushS3DeleteDisabled(false)(changed)
	_, err := warehouses.UpdateStorageProfile(t.Context(), id, &managementv1.UpdateStorageProfileOptions{
		StorageProfile: changed.AsProfile(), StorageCredential: &mine,
	})
	require.NoError(t, err)
	_, err = warehouses.UpdateStorageProfile(t.Context(), id, &managementv1.UpdateStorageProfileOptions{
		StorageProfile: storage("elsewhere").AsProfile(), StorageCredential: &mine,
	})
	require.Error(t, err)
	_, err = warehouses.UpdateStorageCredential(t.Context(), id, &managementv1.UpdateStorageCredentialOptions{StorageCredential: &mine})
	require.NoError(t, err)
	wrong := credential.NewS3CredentialAccessKey("nobody", "wrong").AsCredential()
	_, err = warehouses.UpdateStorageCredential(t.Context(), id, &managementv1.UpdateStorageCredentialOptions{StorageCredential: &wrong})
	refused(t, err, http.StatusBadRequest, "InvalidStorageProfile")
	found, _, err := warehouses.Get(t.Context(), id)
	require.NoError(t, err)
	stored, _ := found.StorageProfile.AsS3()
	require.Equal(t, changed, stored)
}

func TestADroppedTableIsListedAndComesBack(t *testing.T) {
	project := aProject(t)
	warehouses := admin.WarehouseV1(project)
	id, name := aWarehouse(t, project)
	soft := profile.NewTabularDeleteProfileSoft(3600)
	_, err := warehouses.UpdateDeleteProfile(t.Context(), id, &managementv1.UpdateDeleteProfileOptions{DeleteProfile: *soft.AsProfile()})
	require.NoError(t, err)
	lake := opened(t, project, name)
	namespace, table := aTable(t, lake)
	require.NoError(t, lake.DropTable(t.Context(), catalog.ToIdentifier("burrow", "words")))

	listed, _, err := warehouses.ListSoftDeletedTabulars(t.Context(), id, &managementv1.ListSoftDeletedTabularsOptions{NamespaceID: &namespace})
	require.NoError(t, err)
	require.Len(t, listed.Tabulars, 1)
	dropped := listed.Tabulars[0]
	require.Equal(t, table, dropped.ID)
	require.Equal(t, managementv1.TableTabularType, dropped.Type)
	require.Equal(t, []string{"burrow"}, dropped.Namespace)
	require.Equal(t, id, dropped.WarehouseID)
	require.NotEmpty(t, dropped.ExpirationDate)

	undrop := &managementv1.UndropTabularOptions{}
	undrop.Targets = append(undrop.Targets, struct {
		ID   string                   `json:"id"`
		Type managementv1.TabularType `json:"type"`
	}{ID: dropped.ID, Type: dropped.Type})
	_, err = warehouses.UndropTabular(t.Context(), id, undrop)
	require.NoError(t, err)
	_, err = lake.LoadTable(t.Context(), catalog.ToIdentifier("burrow", "words"))
	require.NoError(t, err)
	_, err = warehouses.Delete(t.Context(), id, nil)
	refused(t, err, http.StatusConflict, "NotEmpty")

	counted, _, err := warehouses.GetStatistics(t.Context(), id, &managementv1.GetStatisticsOptions{PageSize: core.Ptr(int64(1))})
	require.NoError(t, err)
	require.Equal(t, id, counted.WarehouseID)
	require.Equal(t, int64(1), counted.Stats[0].NumberOfTables)
}

func TestWhatIsProtectedIsNotDropped(t *testing.T) {
	project := aProject(t)
	warehouses := admin.WarehouseV1(project)
	id, name := aWarehouse(t, project)
	lake := opened(t, project, name)
	namespace, table := aTable(t, lake)
	shown := aView(t, lake)
	protected := &managementv1.SetProtectionOptions{Protected: true}
	isProtected := func(found *managementv1.GetProtectionResponse, _ *http.Response, err error) {
		require.NoError(t, err)
		require.True(t, found.Protected)
	}
	isProtected(warehouses.SetNamespaceProtection(t.Context(), id, namespace, protected))
	isProtected(warehouses.SetTableProtection(t.Context(), id, table, protected))
	isProtected(warehouses.SetViewProtection(t.Context(), id, shown, protected))
	isProtected(warehouses.GetNamespaceProtection(t.Context(), id, namespace))
	isProtected(warehouses.GetTableProtection(t.Context(), id, table))
	isProtected(warehouses.GetViewProtection(t.Context(), id, shown))
	require.ErrorContains(t, lake.DropTable(t.Context(), catalog.ToIdentifier("burrow", "words")), "rotected")
	require.ErrorContains(t, lake.DropView(t.Context(), catalog.ToIdentifier("burrow", "shown")), "rotected")
}

func TestTheCatalogOfAWarehouseIsFoundByProjectAndName(t *testing.T) {
	one, other := defaultProject, aProject(t)
	_, mine := aWarehouse(t, one)
	_, theirs := aWarehouse(t, other)
	opened(t, one, mine)
	opened(t, other, theirs)
	_, err := admin.CatalogV1(t.Context(), one, theirs)
	require.Error(t, err)
	_, err = stranger.CatalogV1(t.Context(), other, theirs)
	require.Error(t, err)
}

func opened(t *testing.T, project, warehouse string) *rest.Catalog {
	t.Helper()
	lake, err := admin.CatalogV1(context.Background(), project, warehouse, rest.WithAdditionalProps(iceberg.Properties{
		"s3.access-key-id": os.Getenv("S3_ACCESS_KEY"), "s3.secret-access-key": os.Getenv("S3_SECRET_KEY"),
	}))
	require.NoError(t, err)
	return lake
}

// aTable makes the table `words` in the namespace `burrow`, and gives the ids of both.
func aTable(t *testing.T, lake *rest.Catalog) (namespace, table string) {
	t.Helper()
	require.NoError(t, lake.CreateNamespace(t.Context(), catalog.ToIdentifier("burrow"), nil))
	properties, err := lake.LoadNamespaceProperties(t.Context(), catalog.ToIdentifier("burrow"))
	require.NoError(t, err)
	made, err := lake.CreateTable(t.Context(), catalog.ToIdentifier("burrow", "words"), words)
	require.NoError(t, err)
	return properties["namespace_id"], made.Metadata().TableUUID().String()
}

func aView(t *testing.T, lake *rest.Catalog) string {
	t.Helper()
	query, err := view.NewVersion(1, 1, []view.Representation{view.NewRepresentation("SELECT 1 AS id", "trino")}, catalog.ToIdentifier("burrow"))
	require.NoError(t, err)
	made, err := lake.CreateView(t.Context(), catalog.ToIdentifier("burrow", "shown"), query, words)
	require.NoError(t, err)
	return made.Metadata().ViewUUID().String()
}

var words = iceberg.NewSchema(0, iceberg.NestedField{ID: 1, Name: "id", Type: iceberg.PrimitiveTypes.Int64})
