package steps

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/sluice-deploy/sluice/internal/awsclient"
)

// Path is the states that a rollout went through, in their order: those of its first
// execution and, where that died, of its newest. Step Functions forgets an execution
// 90 days after its end; what it has forgotten is an error.
func (s *Steps) Path(ctx context.Context, name string) ([]string, error) {
	record, err := s.Store.Record(ctx, name)
	if err != nil {
		return nil, err
	}
	executions := []string{s.executionARN(name)}
	if record.Execution != executions[0] {
		executions = append(executions, record.Execution)
	}
	var path []string
	for _, execution := range executions {
		pages := sfn.NewGetExecutionHistoryPaginator(s.SFN, &sfn.GetExecutionHistoryInput{
			ExecutionArn: &execution, IncludeExecutionData: aws.Bool(false),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, awsclient.Wrap(err, "read the history of %s", execution)
			}
			for _, event := range page.Events {
				if entered := event.StateEnteredEventDetails; entered != nil {
					path = append(path, aws.ToString(entered.Name))
				}
			}
		}
	}
	return path, nil
}
