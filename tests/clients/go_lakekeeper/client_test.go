// What an administrator does through Lakekeeper's own Go client, at a server that nobody has bootstrapped, where Keycloak says who somebody is.
//
// The client is wrong against the API's description in these, which the tests show: it searches users by GET; it takes allowed actions (not
// those of permissions) for text, though they are objects; and it filters by `warehouseStatus[]` and `relations[]`, whose names have no brackets, so
// that they are ignored.
package golakekeeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	managementv1 "github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1"
	"github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1/storage/credential"
	"github.com/baptistegh/go-lakekeeper/pkg/apis/management/v1/storage/profile"
	"github.com/baptistegh/go-lakekeeper/pkg/client"
	"github.com/baptistegh/go-lakekeeper/pkg/core"
	"github.com/google/uuid"
	"github.com/joho/godotenv"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2/clientcredentials"
)

var (
	admin, stranger *client.Client
	defaultProject  = uuid.Nil.String()
)

func TestMain(m *testing.M) {
	err := godotenv.Load(".env")
	if err == nil {
		bootstrap := client.WithInitialBootstrapV1Enabled(true, true, core.Ptr(managementv1.ApplicationUserType))
		admin, err = clientOf("LAKEKEEPER", bootstrap)
	}
	if err == nil {
		stranger, err = clientOf("STRANGER")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func clientOf(who string, options ...client.ClientOptionFunc) (*client.Client, error) {
	login := clientcredentials.Config{
		ClientID:     os.Getenv(who + "_CLIENT_ID"),
		ClientSecret: os.Getenv(who + "_CLIENT_SECRET"),
		TokenURL:     os.Getenv("LAKEKEEPER_TOKEN_URL"),
		Scopes:       []string{os.Getenv("LAKEKEEPER_SCOPE")},
	}
	tokens := core.OAuthTokenSource{TokenSource: login.TokenSource(context.Background())}
	return client.NewAuthSourceClient(context.Background(), &tokens, os.Getenv("LAKEKEEPER_BASE_URL"), options...)
}

func aName(of string) string {
	return of + "-" + uuid.NewString()[:8]
}

func aProject(t *testing.T) string {
	t.Helper()
	made, _, err := admin.ProjectV1().Create(t.Context(), &managementv1.CreateProjectOptions{Name: aName("project")})
	require.NoError(t, err)
	return made.ID
}

func aUser(t *testing.T) *managementv1.User {
	t.Helper()
	name := aName("user")
	made, _, err := admin.UserV1().Provision(t.Context(), &managementv1.ProvisionUserOptions{
		ID:       core.Ptr("oidc~" + uuid.NewString()),
		Name:     &name,
		Email:    core.Ptr(name + "@example.com"),
		UserType: core.Ptr(managementv1.HumanUserType),
	})
	require.NoError(t, err)
	return made
}

// itself makes the stranger known, and says who they are.
func itself(t *testing.T) *managementv1.User {
	t.Helper()
	made, _, err := stranger.UserV1().Provision(t.Context(), &managementv1.ProvisionUserOptions{UpdateIfExists: core.Ptr(true)})
	require.NoError(t, err)
	return made
}

func aRole(t *testing.T, project string) *managementv1.Role {
	t.Helper()
	made, _, err := admin.RoleV1(project).Create(t.Context(), &managementv1.CreateRoleOptions{
		Name:        aName("role"),
		Description: core.Ptr("of the tests"),
	})
	require.NoError(t, err)
	return made
}

func aWarehouse(t *testing.T, project string) (id, name string) {
	t.Helper()
	name = aName("warehouse")
	made, _, err := admin.WarehouseV1(project).Create(t.Context(), &managementv1.CreateWarehouseOptions{
		Name:              name,
		StorageProfile:    storage(name).AsProfile(),
		StorageCredential: key().AsCredential(),
	})
	require.NoError(t, err)
	return made.ID, name
}

func storage(folder string) *profile.S3StorageSettings {
	return profile.NewS3StorageSettings(
		os.Getenv("S3_BUCKET"), os.Getenv("S3_REGION"),
		profile.WithEndpoint(os.Getenv("S3_ENDPOINT")+"/"),
		profile.WithFlavor(profile.S3CompatFlavor),
		profile.WithPathStyleAccess(),
		profile.WithS3KeyPrefix(folder),
	)
}

func key() *credential.S3CredentialAccessKey {
	return credential.NewS3CredentialAccessKey(os.Getenv("S3_ACCESS_KEY"), os.Getenv("S3_SECRET_KEY"))
}

// refused fails unless the server answered with this status and type.
func refused(t *testing.T, err error, status int, kind string) {
	t.Helper()
	var answer *core.APIError
	require.Truef(t, errors.As(err, &answer), "%v", err)
	require.Equal(t, fmt.Sprint(status, " ", kind), fmt.Sprint(answer.StatusCode, " ", answer.Type()), answer.Error())
}
