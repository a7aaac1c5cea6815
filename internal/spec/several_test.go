package spec_test

import (
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
)

// several is a spec with staging and a wave of two regions in another account.
const several = `app: shop
containers: {web: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop}
triggers: [event]
keep: 400d
notify:
  - slack: "#deploys"
  - sns: arn:aws:sns:us-east-1:123456789012:deploys
    on: [committed, rolledBack]
  - webhook: {url: "https://hooks.example.com/sluice?team=shop", secret: sluice/webhook}
    environments: [virginia, ireland]
environments:
  - name: staging
    cluster: main
    slots: {blue: shop-blue, green: shop-green}
    steps: [{weight: 100, bake: 2m}]
    operators: [S0614TZR7]
  - name: virginia
    wave: 5
    region: us-east-1
    role: arn:aws:iam::210987654321:role/sluice/deploy
    cluster: main
    slots: {blue: shop-blue, green: shop-green}
    approval:
      slack: C024BE91L
      approvers:
        - U024BE7LH
        - arn:aws:iam::210987654321:role/release/manager
        - arn:aws:iam::210987654321:user/anna
        - arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Release_0123456789abcdef/berta@example.com
      quorum: 2
      expires: 720h
      onExpiry: approve
      notAuthor: true
    steps:
      - {weight: 10, bake: 10m}
      - weight: 100
        bake: 10m
        approval: {approvers: [W024BE7LH], expires: 2h}
    notify:
      - teams: {secret: "arn:aws:secretsmanager:us-east-1:123456789012:secret:teams-a1b2c3"}
        on: [asked]
  - name: ireland
    wave: 5
    region: eu-west-1
    role: arn:aws:iam::210987654321:role/sluice/deploy
    cluster: arn:aws:ecs:eu-west-1:210987654321:cluster/main
    slots: {blue: shop-blue, green: shop-green}
    approval: {approvers: [arn:aws:iam::210987654321:role/release-manager]}
    operators: []
    steps: [{weight: 100, bake: 10m}]
    listenerRule: arn:aws:elasticloadbalancing:eu-west-1:210987654321:listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee
    targetGroups:
      blue: arn:aws:elasticloadbalancing:eu-west-1:210987654321:targetgroup/blue/73e2d6bc24d8a067
      green: arn:aws:elasticloadbalancing:eu-west-1:210987654321:targetgroup/green/73e2d6bc24d8a068
  - name: sydney
    region: ap-southeast-2
    cluster: main
    slots: {blue: shop-blue, green: shop-green}
    steps: [{weight: 100, bake: 10m}]
pipelines:
  - pipeline: shop
    stage: Production
    action: Approve
    approval: {slack: "#deploys", approvers: [S0614TZR7], quorum: 2, notAuthor: true}
  - pipeline: infra.v2
    approval: {approvers: [arn:aws-cn:iam::210987654321:user/ops/carl]}
`

func severalSpec() *rollout.Spec {
	const role = "arn:aws:iam::210987654321:role/sluice/deploy"
	slots := rollout.Names{Blue: "shop-blue", Green: "shop-green"}
	inconclusive := rollout.InconclusiveRule{Retries: 2, Then: rollout.ChooseRollback}
	hook := rollout.Channel{Webhook: "https://hooks.example.com/sluice?team=shop", Secret: "sluice/webhook"}
	approvers := []string{
		"U024BE7LH", "arn:aws:iam::210987654321:role/release/manager", "arn:aws:iam::210987654321:user/anna",
		"arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Release_0123456789abcdef/berta@example.com",
	}
	manager := []string{"arn:aws:iam::210987654321:role/release-manager"}
	whole := []rollout.Step{{Weight: 100, Bake: 10 * time.Minute}}
	return &rollout.Spec{
		App:        "shop",
		Containers: map[string]string{"web": "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop"},
		Triggers:   rollout.Triggers{Event: true},
		Keep:       400 * 24 * time.Hour,
		Notify: []rollout.Channel{
			{Slack: "#deploys"},
			{SNS: "arn:aws:sns:us-east-1:123456789012:deploys", On: []rollout.Moment{rollout.MomentCommitted, rollout.MomentRolledBack}},
		},
		Environments: []rollout.Environment{
			{
				Name: "staging", Wave: 1, Cluster: "main", Slots: slots, Operators: []string{"S0614TZR7"},
				Steps: []rollout.Step{{Weight: 100, Bake: 2 * time.Minute}}, Guard: time.Hour, Inconclusive: inconclusive,
			},
			{
				Name: "virginia", Wave: 5, Region: "us-east-1", Role: role, Cluster: "main", Slots: slots,
				Approval: &rollout.Approval{
					Slack: "C024BE91L", Approvers: approvers, Quorum: 2, Expires: 30 * 24 * time.Hour, OnExpiry: rollout.Approve, NotAuthor: true,
				},
				Operators: approvers,
				Steps: []rollout.Step{
					{Weight: 10, Bake: 10 * time.Minute},
					{Weight: 100, Bake: 10 * time.Minute, Approval: &rollout.Approval{
						Approvers: []string{"W024BE7LH"}, Quorum: 1, Expires: 2 * time.Hour, OnExpiry: rollout.Reject,
					}},
				},
				Notify: []rollout.Channel{
					{Teams: "arn:aws:secretsmanager:us-east-1:123456789012:secret:teams-a1b2c3", On: []rollout.Moment{rollout.MomentAsked}},
					hook,
				},
				Guard: time.Hour, Inconclusive: inconclusive,
			},
			{
				Name: "ireland", Wave: 5, Region: "eu-west-1", Role: role, Cluster: "arn:aws:ecs:eu-west-1:210987654321:cluster/main", Slots: slots,
				Approval:  &rollout.Approval{Approvers: manager, Quorum: 1, Expires: 24 * time.Hour, OnExpiry: rollout.Reject},
				Operators: manager,
				Steps:     whole,
				Notify:    []rollout.Channel{hook},
				Guard:     time.Hour, Inconclusive: inconclusive,
				ListenerRule: "arn:aws:elasticloadbalancing:eu-west-1:210987654321:listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee",
				TargetGroups: rollout.Names{
					Blue:  "arn:aws:elasticloadbalancing:eu-west-1:210987654321:targetgroup/blue/73e2d6bc24d8a067",
					Green: "arn:aws:elasticloadbalancing:eu-west-1:210987654321:targetgroup/green/73e2d6bc24d8a068",
				},
			},
			{
				Name: "sydney", Wave: 6, Region: "ap-southeast-2", Cluster: "main", Slots: slots,
				Steps: whole, Guard: time.Hour, Inconclusive: inconclusive,
			},
		},
		Pipelines: []rollout.Pipeline{
			{Name: "shop", Stage: "Production", Action: "Approve", Approval: rollout.Approval{
				Slack: "#deploys", Approvers: []string{"S0614TZR7"}, Quorum: 2, NotAuthor: true,
			}},
			{Name: "infra.v2", Approval: rollout.Approval{Approvers: []string{"arn:aws-cn:iam::210987654321:user/ops/carl"}, Quorum: 1}},
		},
	}
}
