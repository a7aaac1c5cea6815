package conformance_test

import "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

func secretsmanagerStories() []story {
	const first, second = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
	create := &secretsmanager.CreateSecretInput{Name: new("shop/db"), SecretString: new("one"), ClientRequestToken: new(first)}
	return []story{
		{name: "secretsmanager/Values", steps: []step{
			ok(create, want("Name", "shop/db"), want("VersionId", first), save("arn", "ARN"),
				like("ARN", `arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-\w{6}`)),
			fails("ResourceExistsException", &secretsmanager.CreateSecretInput{Name: new("shop/db"), SecretString: new("two"), ClientRequestToken: new(second)}),
			ok(&secretsmanager.GetSecretValueInput{SecretId: new("${arn}")}, want("SecretString", "one"), want("VersionStages.0", "AWSCURRENT")),
			fails("ResourceNotFoundException", &secretsmanager.GetSecretValueInput{SecretId: new("none")}),
			ok(&secretsmanager.PutSecretValueInput{SecretId: new("shop/db"), SecretString: new("two"), ClientRequestToken: new(second)},
				want("VersionId", second), want("VersionStages.0", "AWSCURRENT")),
			fails("ResourceNotFoundException", &secretsmanager.PutSecretValueInput{SecretId: new("none"), SecretString: new("x"), ClientRequestToken: new(second)}),
			ok(&secretsmanager.GetSecretValueInput{SecretId: new("shop/db")}, want("SecretString", "two"), want("VersionId", second)),
			ok(&secretsmanager.GetSecretValueInput{SecretId: new("shop/db"), VersionStage: new("AWSPREVIOUS")}, want("SecretString", "one")),
			ok(&secretsmanager.DescribeSecretInput{SecretId: new("shop/db")}, want("Name", "shop/db"), want("ARN", "${arn}"),
				want("VersionIdsToStages.#", 2), want("VersionIdsToStages."+first+".0", "AWSPREVIOUS")),
			fails("ResourceNotFoundException", &secretsmanager.DescribeSecretInput{SecretId: new("none")}),
		}},
		{name: "secretsmanager/Deletion", steps: []step{
			ok(create),
			fails("InvalidParameterException", &secretsmanager.DeleteSecretInput{SecretId: new("shop/db"), RecoveryWindowInDays: new(int64(6))}),
			ok(&secretsmanager.DeleteSecretInput{SecretId: new("shop/db")}, want("Name", "shop/db")),
			fails("InvalidRequestException", &secretsmanager.GetSecretValueInput{SecretId: new("shop/db")}),
			fails("ResourceNotFoundException", &secretsmanager.DeleteSecretInput{SecretId: new("none")}),
		}},
	}
}
