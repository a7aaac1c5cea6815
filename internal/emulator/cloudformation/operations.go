package cloudformation

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
)

func createAlarm(r *request) (*created, error) {
	name := r.name("AlarmName", 255)
	_, err := r.call("cloudwatch", "PutMetricAlarm", &cloudwatch.PutMetricAlarmInput{}, r.properties, map[string]any{"AlarmName": name})
	return &created{name, map[string]string{"Arn": r.arn("cloudwatch", "alarm:"+name)}}, err
}

func createCompositeAlarm(r *request) (*created, error) {
	name := r.name("AlarmName", 255)
	_, err := r.call("cloudwatch", "PutCompositeAlarm", &cloudwatch.PutCompositeAlarmInput{}, r.properties, map[string]any{"AlarmName": name})
	return &created{name, map[string]string{"Arn": r.arn("cloudwatch", "alarm:"+name)}}, err
}

func createProject(r *request) (*created, error) {
	name := r.name("Name", 150)
	properties := renamed(r.properties, nil)
	for i, f := range properties.fields {
		if f.name == "Source" {
			properties.fields[i].value = renamed(f.value, map[string]string{"BuildSpec": "Buildspec"})
		}
	}
	out, err := r.call("codebuild", "CreateProject", &codebuild.CreateProjectInput{}, properties, map[string]any{"Name": name})
	if err != nil {
		return nil, err
	}
	return &created{name, map[string]string{"Arn": pick(out, "Project", "Arn")}}, nil
}

func keepLogGroup(r *request) (*created, error) {
	name := r.name("LogGroupName", 512)
	return &created{name, map[string]string{"Arn": r.arn("logs", "log-group:"+name+":*")}}, nil
}
