package cloudformation

import "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

// logHandler creates log groups. What else there is of CloudWatch Logs is kept.
func logHandler(kind string) (handler, bool) {
	if kind != "AWS::Logs::LogGroup" {
		return handler{}, false
	}
	return handler{create: createLogGroup, update: updateLogGroup, remove: removes("logs", "DeleteLogGroup", "LogGroupName"), name: "LogGroupName"}, true
}

// createLogGroup makes the group, then its retention. Keys and tags are checked, not kept.
func createLogGroup(r *request) (*created, error) {
	if err := r.schemas[r.kind].check(r.properties); err != nil {
		return nil, err
	}
	name := r.name("LogGroupName", 512)
	if _, err := r.ask("logs", "CreateLogGroup", map[string]any{"LogGroupName": name}); err != nil {
		return nil, err
	}
	made := &created{name, map[string]string{"Arn": r.arn("logs", "log-group:"+name+":*")}}
	return made, r.setRetention(name)
}

// updateLogGroup changes the retention.
func updateLogGroup(r *request) (*created, error) {
	if err := r.schemas[r.kind].check(r.properties); err != nil {
		return nil, err
	}
	if same(r.was.properties.get("RetentionInDays"), r.properties.get("RetentionInDays")) {
		return r.was.created, nil
	}
	if r.properties.get("RetentionInDays") == nil {
		_, err := r.ask("logs", "DeleteRetentionPolicy", map[string]any{"LogGroupName": r.was.ref})
		return r.was.created, err
	}
	return r.was.created, r.setRetention(r.was.ref)
}

func (r *request) setRetention(name string) error {
	_, only := taken(r.properties, "RetentionInDays")
	if len(only.fields) == 0 {
		return nil
	}
	_, err := r.call("logs", "PutRetentionPolicy", &cloudwatchlogs.PutRetentionPolicyInput{}, only, map[string]any{"LogGroupName": name})
	return err
}
