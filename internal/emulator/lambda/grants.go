package lambda

import "github.com/sluice-deploy/sluice/internal/emulator/iam/policy"

// Policy is the resource policy of the function with this ARN; nil if it has none.
func (s *Service) Policy(arn string) *policy.Document {
	f, err := s.find(arn, "")
	if err != nil || len(f.policy) == 0 {
		return nil
	}
	if f.read == nil || f.readAt != f.revision {
		f.readAt = f.revision
		if f.read, err = policy.Parse(encodePolicy(f.policy), policy.Resource); err != nil {
			panic("lambda: a policy that was accepted cannot be read: " + err.Error())
		}
	}
	return f.read
}
