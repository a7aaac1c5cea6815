package conformance_test

import (
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func ssmStories() []story {
	level := &ssm.PutParameterInput{Name: new("/shop/level"), Type: types.ParameterTypeString, Value: new("info")}
	return []story{
		{name: "ssm/Parameters", steps: []step{
			ok(level, want("Version", 1), want("Tier", "Standard")),
			fails("ParameterAlreadyExists", level),
			ok(&ssm.PutParameterInput{Name: new("/shop/level"), Value: new("debug"), Overwrite: new(true)}, want("Version", 2)),
			ok(&ssm.GetParameterInput{Name: new("/shop/level")}, want("Parameter.Value", "debug"), want("Parameter.Version", 2),
				want("Parameter.Type", "String"), want("Parameter.ARN", "arn:aws:ssm:us-east-1:123456789012:parameter/shop/level")),
			ok(&ssm.GetParameterInput{Name: new("/shop/level:1")}, want("Parameter.Value", "info"), want("Parameter.Selector", ":1"),
				motoValue("moto_server leaves it out; AWS: Systems Manager API Reference, Parameter: Selector")),
			fails("ParameterVersionNotFound", &ssm.GetParameterInput{Name: new("/shop/level:9")}),
			fails("ParameterNotFound", &ssm.GetParameterInput{Name: new("/shop/none")}),
			ok(&ssm.GetParametersInput{Names: []string{"/shop/level", "/shop/none"}},
				want("Parameters.#", 1), want("Parameters.0.Name", "/shop/level"), want("InvalidParameters.0", "/shop/none")),
			fails("ValidationException", &ssm.GetParametersInput{Names: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}}),
			ok(&ssm.DeleteParameterInput{Name: new("/shop/level")}),
			fails("ParameterNotFound", &ssm.DeleteParameterInput{Name: new("/shop/level")}),
		}},
		{name: "ssm/Paths", steps: []step{
			ok(level),
			ok(&ssm.PutParameterInput{Name: new("/shop/db/host"), Type: types.ParameterTypeString, Value: new("db")}),
			ok(&ssm.GetParametersByPathInput{Path: new("/shop")}, want("Parameters.#", 1), want("Parameters.0.Name", "/shop/level")),
			ok(&ssm.GetParametersByPathInput{Path: new("/shop"), Recursive: new(true)}, want("Parameters.#", 2)),
			fails("ValidationException", &ssm.GetParametersByPathInput{Path: new("/shop"), MaxResults: new(int32(11))}),
		}},
		{name: "ssm/Encrypted", steps: []step{
			ok(&ssm.PutParameterInput{Name: new("secret"), Type: types.ParameterTypeSecureString, Value: new("s3cret")}),
			ok(&ssm.GetParameterInput{Name: new("secret"), WithDecryption: new(true)}, want("Parameter.Value", "s3cret"), want("Parameter.Type", "SecureString")),
		}},
	}
}
