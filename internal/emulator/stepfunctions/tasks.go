package stepfunctions

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/sluice-deploy/sluice/internal/emulator/states"
	"github.com/sluice-deploy/sluice/internal/emulator/wire"
)

func (s *Service) sendTaskSuccess(_ *wire.Call, in *sfn.SendTaskSuccessInput) (*sfn.SendTaskSuccessOutput, error) {
	output := aws.ToString(in.Output)
	if !json.Valid([]byte(output)) {
		return nil, &types.InvalidOutput{Message: aws.String(fmt.Sprintf("Invalid Output: '%s' is not valid JSON", output))}
	}
	if err := tokenError(s.running.Tokens.Succeed(aws.ToString(in.TaskToken), output)); err != nil {
		return nil, err
	}
	return &sfn.SendTaskSuccessOutput{}, nil
}

func (s *Service) sendTaskFailure(_ *wire.Call, in *sfn.SendTaskFailureInput) (*sfn.SendTaskFailureOutput, error) {
	if err := tokenError(s.running.Tokens.Fail(aws.ToString(in.TaskToken), in.Error, in.Cause)); err != nil {
		return nil, err
	}
	return &sfn.SendTaskFailureOutput{}, nil
}

func (s *Service) sendTaskHeartbeat(_ *wire.Call, in *sfn.SendTaskHeartbeatInput) (*sfn.SendTaskHeartbeatOutput, error) {
	if err := tokenError(s.running.Tokens.Heartbeat(aws.ToString(in.TaskToken))); err != nil {
		return nil, err
	}
	return &sfn.SendTaskHeartbeatOutput{}, nil
}

// tokenError is the API's error for what is wrong with a token.
func tokenError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, states.ErrInvalidToken):
		return &types.InvalidToken{Message: aws.String("Invalid Token: 'Invalid token'")}
	case errors.Is(err, states.ErrTaskDoesNotExist):
		return &types.TaskDoesNotExist{Message: aws.String("Task Does Not Exist: 'Provided task does not exist'")}
	case errors.Is(err, states.ErrTaskTimedOut):
		return &types.TaskTimedOut{Message: aws.String("Task Timed Out: 'Provided task does not exist anymore'")}
	default:
		return err
	}
}
