package cloudformation

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
)

// operationHandler creates what watches and builds.
func operationHandler(kind string) (handler, bool) {
	switch kind {
	case "AWS::CloudWatch::Alarm":
		return puts(putAlarm, removeAlarm).named("AlarmName"), true
	case "AWS::CloudWatch::CompositeAlarm":
		return puts(putCompositeAlarm, removeAlarm).named("AlarmName"), true
	case "AWS::CodeBuild::Project":
		return handler{create: createProject, update: updateProject, remove: removes("codebuild", "DeleteProject", "Name"), name: "Name"}, true
	}
	return handler{}, false
}

func putAlarm(r *request) (*created, error) {
	name := r.name("AlarmName", 255)
	_, err := r.call("cloudwatch", "PutMetricAlarm", &cloudwatch.PutMetricAlarmInput{}, r.properties, map[string]any{"AlarmName": name})
	return &created{name, map[string]string{"Arn": r.arn("cloudwatch", "alarm:"+name)}}, err
}

func putCompositeAlarm(r *request) (*created, error) {
	name := r.name("AlarmName", 255)
	_, err := r.call("cloudwatch", "PutCompositeAlarm", &cloudwatch.PutCompositeAlarmInput{}, r.properties, map[string]any{"AlarmName": name})
	return &created{name, map[string]string{"Arn": r.arn("cloudwatch", "alarm:"+name)}}, err
}

func removeAlarm(r *request) error {
	_, err := r.ask("cloudwatch", "DeleteAlarms", map[string]any{"AlarmNames": []any{r.was.ref}})
	return err
}

func createProject(r *request) (*created, error) {
	name := r.name("Name", 150)
	out, err := r.call("codebuild", "CreateProject", &codebuild.CreateProjectInput{}, projectProperties(r), map[string]any{"Name": name})
	if err != nil {
		return nil, err
	}
	return &created{name, map[string]string{"Arn": pick(out, "Project", "Arn")}}, nil
}

func updateProject(r *request) (*created, error) {
	more := map[string]any{"Name": r.was.ref}
	_, err := r.call("codebuild", "UpdateProject", &codebuild.UpdateProjectInput{}, projectProperties(r), more)
	return r.was.created, err
}

func projectProperties(r *request) *node {
	properties := renamed(r.properties, nil)
	for i, f := range properties.fields {
		if f.name == "Source" {
			properties.fields[i].value = renamed(f.value, map[string]string{"BuildSpec": "Buildspec"})
		}
	}
	return properties
}
