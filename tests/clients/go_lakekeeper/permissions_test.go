package golakekeeper

import (
	"net/http"
	"testing"

	managementv1 "github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1"
	"github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1/permission"
	"github.com/stretchr/testify/require"
)

func theUser(user *managementv1.User) permission.UserOrRole {
	return permission.UserOrRole{Type: permission.UserType, Value: user.ID}
}

func theRole(role *managementv1.Role) permission.UserOrRole {
	return permission.UserOrRole{Type: permission.RoleType, Value: role.ID}
}

func TestARoleOpensAWarehouseToItsMembers(t *testing.T) {
	project, user := aProject(t), itself(t)
	role := aRole(t, project)
	id, _ := aWarehouse(t, project)
	warehouses := stranger.WarehouseV1(project)
	_, _, err := warehouses.Get(t.Context(), id)
	refused(t, err, http.StatusNotFound, "NoSuchWarehouseException")

	member := []*permission.RoleAssignment{{Assignee: theUser(user), Assignment: permission.AssigneeRoleAssignment}}
	_, err = admin.PermissionV1().RolePermission().Update(t.Context(), role.ID, &permission.UpdateRolePermissionsOptions{Writes: member})
	require.NoError(t, err)
	given := []*permission.WarehouseAssignment{{Assignee: theRole(role), Assignment: permission.DescribeWarehouseAssignment}}
	_, err = admin.PermissionV1().WarehousePermission().Update(t.Context(), id, &permission.UpdateWarehousePermissionsOptions{Writes: given})
	require.NoError(t, err)

	_, _, err = warehouses.Get(t.Context(), id)
	require.NoError(t, err)
	listed, _, err := warehouses.List(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, listed.Warehouses, 1)
	may, _, err := stranger.PermissionV1().WarehousePermission().GetAccess(t.Context(), id, nil)
	require.NoError(t, err)
	require.Contains(t, may.AllowedActions, permission.ListNamespaces)
	require.NotContains(t, may.AllowedActions, permission.DeleteWarehouse)
	_, err = warehouses.Delete(t.Context(), id, nil)
	refused(t, err, http.StatusForbidden, "WarehouseActionForbidden")

	_, err = admin.PermissionV1().RolePermission().Update(t.Context(), role.ID, &permission.UpdateRolePermissionsOptions{Deletes: member})
	require.NoError(t, err)
	_, _, err = warehouses.Get(t.Context(), id)
	refused(t, err, http.StatusNotFound, "NoSuchWarehouseException")
}

func TestAssignmentsOfAServerAreGivenAndTakenBack(t *testing.T) {
	server, user := admin.PermissionV1().ServerPermission(), aUser(t)
	given := []*permission.ServerAssignment{{Assignee: theUser(user), Assignment: permission.AdminServerAssignment}}
	_, err := server.Update(t.Context(), &permission.UpdateServerPermissionsOptions{Writes: given})
	require.NoError(t, err)
	_, err = server.Update(t.Context(), &permission.UpdateServerPermissionsOptions{Writes: given})
	refused(t, err, http.StatusConflict, "TupleAlreadyExistsError")
	found, _, err := server.GetAssignments(t.Context(), nil)
	require.NoError(t, err)
	require.Contains(t, found.Assignments, given[0])
	may, _, err := server.GetAccess(t.Context(), &permission.GetServerAccessOptions{PrincipalUser: &user.ID})
	require.NoError(t, err)
	require.Contains(t, may.AllowedActions, permission.GrantServerAdmin)
	of := &permission.GetServerAllowedAuthorizerActionsOptions{PrincipalUser: &user.ID}
	actions, _, err := server.GetAllowedAuthorizerActions(t.Context(), of)
	require.NoError(t, err)
	require.ElementsMatch(t, []permission.OpenFGAServerAction{permission.ServerGrantAdmin, permission.ServerReadAssignments}, actions.AllowedActions)
	_, err = server.Update(t.Context(), &permission.UpdateServerPermissionsOptions{Deletes: given})
	require.NoError(t, err)
	_, err = server.Update(t.Context(), &permission.UpdateServerPermissionsOptions{Deletes: given})
	refused(t, err, http.StatusNotFound, "TupleNotFoundError")
}

func TestAssignmentsOfAProjectAreGivenAndTakenBack(t *testing.T) {
	project := aProject(t)
	role, permissions := aRole(t, project), admin.PermissionV1().ProjectPermission()
	given := []*permission.ProjectAssignment{
		{Assignee: theRole(role), Assignment: permission.SecurityAdminProjectAssignment},
		{Assignee: theRole(role), Assignment: permission.SelectProjectAssignment},
	}
	_, err := permissions.Update(t.Context(), project, &permission.UpdateProjectPermissionsOptions{Writes: given})
	require.NoError(t, err)
	found, _, err := permissions.GetAssignments(t.Context(), project, nil)
	require.NoError(t, err)
	require.Equal(t, project, found.ProjectID)
	require.Subset(t, found.Assignments, given)
	may, _, err := permissions.GetAccess(t.Context(), project, &permission.GetProjectAccessOptions{PrincipalRole: &role.ID})
	require.NoError(t, err)
	require.Contains(t, may.AllowedActions, permission.CreateRole)
	require.NotContains(t, may.AllowedActions, permission.DeleteProject)
	_, err = permissions.Update(t.Context(), project, &permission.UpdateProjectPermissionsOptions{Deletes: given})
	require.NoError(t, err)
	left, _, err := permissions.GetAssignments(t.Context(), project, nil)
	require.NoError(t, err)
	require.Len(t, left.Assignments, len(found.Assignments)-2)
}

func TestWhatOneMayDoWithARoleIsTold(t *testing.T) {
	role, permissions := aRole(t, defaultProject), admin.PermissionV1().RolePermission()
	may, _, err := permissions.GetAccess(t.Context(), role.ID, nil)
	require.NoError(t, err)
	require.Contains(t, may.AllowedActions, permission.DeleteRole)
	actions, _, err := permissions.GetAllowedAuthorizerActions(t.Context(), role.ID, nil)
	require.NoError(t, err)
	require.Contains(t, actions.AllowedActions, permission.RoleGrantAssignee)
	of := &permission.GetRoleAllowedAuthorizerActionsOptions{PrincipalUser: &aUser(t).ID}
	theirs, _, err := permissions.GetAllowedAuthorizerActions(t.Context(), role.ID, of)
	require.NoError(t, err)
	require.Empty(t, theirs.AllowedActions)
}

func TestManagedAccessOfAWarehouseIsSwitchedOnAndOff(t *testing.T) {
	id, _ := aWarehouse(t, aProject(t))
	permissions := admin.PermissionV1().WarehousePermission()
	for _, managed := range []bool{true, false} {
		_, err := permissions.SetManagedAccess(t.Context(), id, &permission.SetWarehouseManagedAccessOptions{ManagedAccess: managed})
		require.NoError(t, err)
		properties, _, err := permissions.GetAuthzProperties(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, managed, properties.ManagedAccess)
	}
}

func TestWhoManagesGrantsOfAWarehouseMayGiveThemAndTheWarehouse(t *testing.T) {
	id, _ := aWarehouse(t, aProject(t))
	permissions, user := admin.PermissionV1().WarehousePermission(), aUser(t)
	of := &permission.GetWarehouseAllowedAuthorizerActionsOptions{PrincipalUser: &user.ID}
	before, _, err := permissions.GetAllowedAuthorizerActions(t.Context(), id, of)
	require.NoError(t, err)
	require.Empty(t, before.AllowedActions)
	given := []*permission.WarehouseAssignment{{Assignee: theUser(user), Assignment: permission.ManageGrantsAdminWarehouseAssignment}}
	_, err = permissions.Update(t.Context(), id, &permission.UpdateWarehousePermissionsOptions{Writes: given})
	require.NoError(t, err)
	after, _, err := permissions.GetAllowedAuthorizerActions(t.Context(), id, of)
	require.NoError(t, err)
	require.Contains(t, after.AllowedActions, permission.WarehouseGrantSelect)
	require.Contains(t, after.AllowedActions, permission.WarehouseReadAssignments)
	require.Contains(t, after.AllowedActions, permission.WarehouseChangeOwnership)
}

func TestTheClientReadsActionsAsTextThoughTheyAreObjects(t *testing.T) {
	project := aProject(t)
	id, _ := aWarehouse(t, project)
	_, _, ofServer := admin.ServerV1().GetAllowedActions(t.Context(), nil)
	_, _, ofProject := admin.ProjectV1().GetAllowedActions(t.Context(), project, nil)
	_, _, ofWarehouse := admin.WarehouseV1(project).GetAllowedActions(t.Context(), id, nil)
	for _, err := range []error{ofServer, ofProject, ofWarehouse} {
		require.ErrorContains(t, err, "cannot unmarshal object")
	}
}

func TestTheClientsFilterOfAssignmentsHasANameThatTheAPIHasNot(t *testing.T) {
	id, _ := aWarehouse(t, aProject(t))
	filter := &permission.GetWarehouseAssignmentsOptions{Relations: []permission.WarehouseAssignmentType{permission.SelectWarehouseAssignment}}
	found, _, err := admin.PermissionV1().WarehousePermission().GetAssignments(t.Context(), id, filter)
	require.NoError(t, err)
	require.Len(t, found.Assignments, 1)
	require.Equal(t, permission.OwnershipWarehouseAssignment, found.Assignments[0].Assignment)
}
