package slack_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice-deploy/sluice/internal/rollout"
	"github.com/sluice-deploy/sluice/internal/slack"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	oldDigest = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:1111222233334444555566667777888899990000aaaabbbbccccddddeeeeffff"
	newDigest = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// waiting is a card with an open question, and all that a card can have.
func waiting() slack.Card {
	return slack.Card{
		App: "shop", Environment: "production", Rollout: "shop-production-7", Release: 7,
		Headline: "waits for approval", Tone: slack.Waiting, Why: "production asks before it begins",
		Weights: &rollout.Weights{Blue: 100}, Canary: rollout.Green,
		Changes: slack.Changes{
			Images: []slack.ImageChange{
				{Container: "proxy", Change: slack.Change{From: oldDigest, To: oldDigest}},
				{Container: "web", Change: slack.Change{From: oldDigest, To: newDigest}},
			},
			TaskDefinition: slack.Change{From: "shop-production:41", To: "shop-production:42"},
			Commits: []rollout.Commit{
				{ID: "5d41402abc4b2a76b9719d911017c592", Author: "ada@example.com", Message: "Basket: count each item once\n\nIt counted gifts twice."},
				{ID: "7d793037a0760186574b0282f2f435e7", Author: "bob@example.com", Message: "Prices < 1 & > 0 are shown in cents"},
			},
			Compare: "https://github.com/acme/shop/compare/1a2b3c4...5d41402?w=1&diff=split", Author: "ada@example.com",
		},
		Earlier: []slack.Earlier{{
			Environment: "staging", Outcome: rollout.Succeeded, Took: 4*time.Minute + 2*time.Second,
			Verdicts: []string{"100 percent: pass, all 4 alarms are green"},
		}},
		Question: &slack.Question{
			Approval: "apr-01hx", Subject: "before production",
			Approvers: []string{"U024BE7LH", "S0614TZR7", "arn:aws:iam::123456789012:role/teams/Deployers"},
			Quorum:    1, NotAuthor: true, Expires: noon.Add(24 * time.Hour), OnExpiry: rollout.Reject,
			Hash: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", Open: true,
		},
		Controls: []slack.Action{slack.Abort},
		Links: []slack.Link{
			{Text: "Execution", URL: "https://console.aws.amazon.com/states/home?region=us-east-1#/executions/details/x"},
			{Text: "Build", URL: "https://console.aws.amazon.com/codebuild/home?a=1&b=2"},
		},
	}
}

// moving is a card of a rollout under way, which nobody was asked about.
func moving() slack.Card {
	c := waiting()
	c.Headline, c.Tone, c.Why = "10 percent on the new version", slack.Moving, "watches for 10m0s, until 12:10 UTC"
	c.Weights, c.Question = &rollout.Weights{Blue: 90, Green: 10}, nil
	c.Controls = []slack.Action{slack.Promote, slack.Pause, slack.Abort}
	c.Wait = "2026-03-01T12:00:00.000Z"
	return c
}

// answered is the waiting card after its question was answered.
func answered(result string, votes ...slack.Vote) slack.Card {
	c := waiting()
	c.Question.Open, c.Question.Result, c.Question.Votes = false, result, votes
	return c
}

// cards are those that have golden files, by the files' names.
func cards() map[string]slack.Card {
	quorum := waiting()
	quorum.Question.Quorum, quorum.Question.OnExpiry = 2, rollout.Approve
	quorum.Question.Votes = []slack.Vote{
		{Name: "Ada", User: "U024BE7LH", Answer: rollout.Approve, Reason: "looks right", At: noon},
		{Name: "Ada", User: "U024BE7LH", Answer: rollout.Approve, At: noon.Add(time.Minute)},
	}
	rejected := answered("rejected by Ada: not on a Friday", slack.Vote{Name: "Ada", User: "U024BE7LH", Answer: rollout.Reject, Reason: "not on a Friday", At: noon})
	rejected.Headline, rejected.Tone, rejected.Why, rejected.Controls = "refused", slack.Bad, "rejected by Ada: not on a Friday", nil
	back := moving()
	back.Headline, back.Tone, back.Why = "rolled back", slack.Bad, "alarm shop-green-5xx went red at 2026-03-01T12:03:00Z"
	back.Weights, back.Controls = &rollout.Weights{Blue: 100}, nil
	done := answered("approved", slack.Vote{Name: "Ada", User: "U024BE7LH", Answer: rollout.Approve, At: noon})
	done.Headline, done.Tone, done.Why, done.Controls = "succeeded", slack.Good, "", nil
	done.Weights = &rollout.Weights{Green: 100}
	initial := moving()
	initial.Headline, initial.Release, initial.Rollout = "starts", 1, "shop-production-1"
	initial.Changes = slack.Changes{
		First: true, Images: []slack.ImageChange{{Container: "web", Change: slack.Change{To: newDigest}}},
		TaskDefinition: slack.Change{To: "shop-production:1"},
	}
	initial.Weights, initial.Canary, initial.Earlier = nil, "", nil
	return map[string]slack.Card{
		"waiting": waiting(), "ten-percent": moving(), "rolled-back": back, "succeeded": done, "quorum": quorum,
		"rejected": rejected, "first": initial, "monster": monster(), "pipeline": pipeline(), "empty": {},
	}
}

// pipeline is the card of a manual approval in a pipeline.
func pipeline() slack.Card {
	return slack.Card{
		App: "shop", Headline: "a pipeline waits for approval", Tone: slack.Waiting,
		Question: &slack.Question{
			Approval: "apr-pipeline", Subject: "at stage Deploy, action Approve", Approvers: []string{"W012A3CDE"},
			Quorum: 1, Open: true,
		},
	}
}

// hostile is text that would do harm if it were not escaped.
const hostile = "<!channel> <!everyone|x> <https://evil.example|Approve> @here & <@U024BE7LH> `</code>` \u202etxt\x00\r\n"

// monster has too much of everything, and hostile text everywhere.
func monster() slack.Card {
	long := strings.Repeat(hostile, 10000/len(hostile)+1)
	c := slack.Card{
		App: long, Environment: long, Rollout: long, Release: 1 << 40, Headline: long, Tone: slack.Tone(long), Why: long,
		Weights: &rollout.Weights{Blue: -900, Green: 1000}, Canary: rollout.Slot(long),
		Changes: slack.Changes{
			TaskDefinition: slack.Change{From: long, To: long + "!"}, Compare: "https://github.com/" + long, Author: long, First: true,
		},
		Question: &slack.Question{
			Approval: "apr-01hx", Subject: long, Quorum: 1 << 40, NotAuthor: true, Expires: noon, OnExpiry: rollout.Answer(long),
			Hash: long, Open: true, Result: long,
		},
		Controls: []slack.Action{slack.Abort, slack.Abort, slack.Promote, slack.Approve, slack.Action(long)},
	}
	for i := range 60 {
		c.Changes.Commits = append(c.Changes.Commits, rollout.Commit{ID: fmt.Sprint(i) + long, Author: long, Message: fmt.Sprint(i) + long})
		c.Question.Approvers = append(c.Question.Approvers, fmt.Sprintf("U%08d", i), "U"+long, "arn:aws:iam::1:role/"+long)
		c.Question.Votes = append(c.Question.Votes, slack.Vote{Name: fmt.Sprint(i) + long, Answer: rollout.Approve, Reason: long, At: noon})
		c.Earlier = append(c.Earlier, slack.Earlier{Environment: long, Outcome: rollout.Outcome(long), Took: 1 << 60, Verdicts: []string{long, long, long, long, long, long}})
		c.Links = append(c.Links, slack.Link{Text: long, URL: "https://a.example/?" + strings.Repeat("&x=1", 100)})
	}
	for range 30 {
		c.Changes.Images = append(c.Changes.Images, slack.ImageChange{Container: long, Change: slack.Change{From: oldDigest + long, To: long}})
	}
	return c
}
