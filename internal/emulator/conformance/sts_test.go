package conformance_test

import "github.com/aws/aws-sdk-go-v2/service/sts"

func stsStories() []story {
	return []story{{name: "sts/Identity", steps: []step{
		ok(&sts.GetCallerIdentityInput{}, want("Account", "123456789012"), like("Arn", "arn:aws:(iam|sts)::123456789012:.+")),
		fails("MissingAuthenticationToken", &sts.GetCallerIdentityInput{}, unsigned(),
			moto("moto_server answers whoever asks; AWS: STS API Reference, Common Errors: MissingAuthenticationToken")),
	}}}
}
