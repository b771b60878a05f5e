package golakekeeper

import (
	"net/http"
	"testing"

	managementv1 "github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1"
	"github.com/baptistegh/go-lakekeeper/pkg/core"
	"github.com/stretchr/testify/require"
)

func TestUsersAreProvisionedFoundAndDeleted(t *testing.T) {
	users, user := admin.UserV1(), aUser(t)
	found, _, err := users.Get(t.Context(), user.ID)
	require.NoError(t, err)
	require.Equal(t, user, found)
	options := &managementv1.ProvisionUserOptions{ID: &user.ID, Name: core.Ptr("another name"), UserType: &user.UserType}
	_, _, err = users.Provision(t.Context(), options)
	refused(t, err, http.StatusConflict, "AlreadyExistsException")
	options.UpdateIfExists = core.Ptr(true)
	changed, _, err := users.Provision(t.Context(), options)
	require.NoError(t, err)
	require.Equal(t, "another name", changed.Name)
	_, err = users.Delete(t.Context(), user.ID)
	require.NoError(t, err)
	_, _, err = users.Get(t.Context(), user.ID)
	refused(t, err, http.StatusNotFound, "UserNotFound")
}

func TestUsersAreListedByPages(t *testing.T) {
	one, other := aUser(t), aUser(t)
	seen, page := map[string]bool{}, managementv1.ListOptions{PageSize: core.Ptr(int64(1))}
	for {
		listed, _, err := admin.UserV1().List(t.Context(), &managementv1.ListUsersOptions{ListOptions: page})
		require.NoError(t, err)
		require.LessOrEqual(t, len(listed.Users), 1)
		for _, user := range listed.Users {
			require.False(t, seen[user.ID])
			seen[user.ID] = true
		}
		if listed.NextPageToken == nil {
			break
		}
		page.PageToken = listed.NextPageToken
	}
	require.True(t, seen[one.ID] && seen[other.ID])
	named, _, err := admin.UserV1().List(t.Context(), &managementv1.ListUsersOptions{Name: &one.Name})
	require.NoError(t, err)
	require.Equal(t, []*managementv1.User{one}, named.Users)
}

func TestTheClientsSearchOfUsersAsksByAMethodThatTheAPIHasNot(t *testing.T) {
	_, answer, err := admin.UserV1().Search(t.Context(), &managementv1.SearchUserOptions{Search: "user"})
	require.Error(t, err)
	require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode)
}

func TestACallerProvisionsThemselvesAndIsToldWhoTheyAre(t *testing.T) {
	user := itself(t)
	found, _, err := stranger.UserV1().Whoami(t.Context())
	require.NoError(t, err)
	require.Equal(t, user.ID, found.ID)
	require.Equal(t, managementv1.ApplicationUserType, found.UserType)
	_, err = stranger.UserV1().Delete(t.Context(), aUser(t).ID)
	refused(t, err, http.StatusForbidden, "UserActionForbidden")
}

func TestRolesAreCreatedFoundChangedAndDeleted(t *testing.T) {
	project := aProject(t)
	roles, role := admin.RoleV1(project), aRole(t, project)
	require.Equal(t, project, role.ProjectID)
	_, _, err := roles.Create(t.Context(), &managementv1.CreateRoleOptions{Name: role.Name})
	refused(t, err, http.StatusConflict, "RoleNameAlreadyExists")
	changed, _, err := roles.Update(t.Context(), role.ID, &managementv1.UpdateRoleOptions{Name: role.Name + "-changed"})
	require.NoError(t, err)
	require.Nil(t, changed.Description)
	found, _, err := roles.Get(t.Context(), role.ID)
	require.NoError(t, err)
	require.Equal(t, changed, found)
	another := aRole(t, project)
	listed, _, err := roles.List(t.Context(), &managementv1.ListRolesOptions{ListOptions: managementv1.ListOptions{PageSize: core.Ptr(int64(1))}})
	require.NoError(t, err)
	require.Len(t, listed.Roles, 1)
	rest, _, err := roles.List(t.Context(), &managementv1.ListRolesOptions{ListOptions: managementv1.ListOptions{PageToken: listed.NextPageToken}})
	require.NoError(t, err)
	require.ElementsMatch(t, []*managementv1.Role{found, another}, append(listed.Roles, rest.Roles...))
	searched, _, err := roles.Search(t.Context(), &managementv1.SearchRoleOptions{Search: another.Name})
	require.NoError(t, err)
	require.Equal(t, another.ID, searched.Roles[0].ID)
	_, err = roles.Delete(t.Context(), role.ID)
	require.NoError(t, err)
	_, _, err = roles.Get(t.Context(), role.ID)
	refused(t, err, http.StatusNotFound, "RoleNotFoundInProject")
}
