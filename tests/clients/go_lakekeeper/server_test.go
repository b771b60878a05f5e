package golakekeeper

import (
	"net/http"
	"testing"

	managementv1 "github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1"
	"github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1/permission"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestTheClientBootstrapsTheServer(t *testing.T) {
	info, _, err := admin.ServerV1().Info(t.Context())
	require.NoError(t, err)
	require.True(t, info.Bootstrapped)
	require.NoError(t, uuid.Validate(info.ServerID))
	require.Equal(t, defaultProject, info.DefaultProjectID)
	require.Equal(t, "builtin", info.AuthzBackend)
	require.NotEmpty(t, info.Version)
	require.Contains(t, info.Queues, "tabular_purge")
	// Once more is no error for the client.
	_, err = admin.ServerV1().Bootstrap(t.Context(), &managementv1.BootstrapServerOptions{AcceptTermsOfUse: true})
	require.NoError(t, err)
}

func TestProjectsAreCreatedFoundRenamedAndDeleted(t *testing.T) {
	projects, name := admin.ProjectV1(), aName("project")
	chosen := uuid.NewString()
	made, answer, err := projects.Create(t.Context(), &managementv1.CreateProjectOptions{ID: &chosen, Name: name})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	require.Equal(t, chosen, made.ID)
	_, err = projects.Rename(t.Context(), chosen, &managementv1.RenameProjectOptions{NewName: name + "-renamed"})
	require.NoError(t, err)
	found, _, err := projects.Get(t.Context(), chosen)
	require.NoError(t, err)
	require.Equal(t, &managementv1.Project{ID: chosen, Name: name + "-renamed"}, found)
	all, _, err := projects.List(t.Context())
	require.NoError(t, err)
	require.Contains(t, all.Projects, found)
	_, err = projects.Delete(t.Context(), chosen)
	require.NoError(t, err)
	_, _, err = projects.Get(t.Context(), chosen)
	refused(t, err, http.StatusNotFound, "ProjectNotFound")
}

func TestAProjectWithAWarehouseIsNotDeleted(t *testing.T) {
	project := aProject(t)
	aWarehouse(t, project)
	_, err := admin.ProjectV1().Delete(t.Context(), project)
	refused(t, err, http.StatusConflict, "NotEmpty")
}

func TestAProjectIsOnlySeenByThoseWhoWereGivenSomethingInIt(t *testing.T) {
	project, user := aProject(t), itself(t)
	_, _, err := stranger.ProjectV1().Get(t.Context(), project)
	refused(t, err, http.StatusNotFound, "ProjectNotFound")
	given := []*permission.ProjectAssignment{{Assignee: theUser(user), Assignment: permission.DescribeProjectAssignment}}
	_, err = admin.PermissionV1().ProjectPermission().Update(t.Context(), project, &permission.UpdateProjectPermissionsOptions{Writes: given})
	require.NoError(t, err)
	_, _, err = stranger.ProjectV1().Get(t.Context(), project)
	require.NoError(t, err)
	may, _, err := stranger.PermissionV1().ProjectPermission().GetAccess(t.Context(), project, nil)
	require.NoError(t, err)
	require.Contains(t, may.AllowedActions, permission.ListWarehouses)
	require.NotContains(t, may.AllowedActions, permission.CreateWarehouse)
	_, err = stranger.ProjectV1().Rename(t.Context(), project, &managementv1.RenameProjectOptions{NewName: "mine"})
	refused(t, err, http.StatusForbidden, "ProjectActionForbidden")
}

func TestCallsOfAProjectAreCounted(t *testing.T) {
	options := &managementv1.GetAPIStatisticsOptions{StatusCodes: []int32{200, 201}}
	options.Warehouse.Type = "all"
	counted, _, err := admin.ProjectV1().GetAPIStatistics(t.Context(), defaultProject, options)
	require.NoError(t, err)
	require.Len(t, counted.CalledEnpoints, len(counted.Timestamps))
	require.NotEmpty(t, counted.PreviousPageToken)
}
