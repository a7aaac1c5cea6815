package harness_test

import "testing"

// told are the stories that are told of an engine in the foreground too.
func told() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"TestAlarmGreenAgainBeforeTheBake": TestAlarmGreenAgainBeforeTheBake,
		"TestAlarmBetweenGuardAndRetire":   TestAlarmBetweenGuardAndRetire,
		"TestStepApproved":                 TestStepApproved,
		"TestStepExpired":                  TestStepExpired,
		"TestAlarmRightAfterTheApproval":   TestAlarmRightAfterTheApproval,

		"TestStagingThenProduction":  TestStagingThenProduction,
		"TestSecondEnvironmentFails": TestSecondEnvironmentFails,

		"TestGateWindow": TestGateWindow,
		"TestGateThaw":   TestGateThaw,

		"TestImagesInUseAreTagged": TestImagesInUseAreTagged,

		"TestCallsFromAlarmToRule":       TestCallsFromAlarmToRule,
		"TestInconclusive":               TestInconclusive,
		"TestAlarmDeletedInTheMiddle":    TestAlarmDeletedInTheMiddle,
		"TestOldWatchesAreDropped":       TestOldWatchesAreDropped,
		"TestNoScaleInWhileTrafficMoves": TestNoScaleInWhileTrafficMoves,

		"TestTwoBuildsAtOnce":                   TestTwoBuildsAtOnce,
		"TestThreeBuildsAtOnce":                 TestThreeBuildsAtOnce,
		"TestOlderReleaseAfterANewer":           TestOlderReleaseAfterANewer,
		"TestWaiterArrivesInTheGuard":           TestWaiterArrivesInTheGuard,
		"TestRollbackAskedForWhileARolloutRuns": TestRollbackAskedForWhileARolloutRuns,
		"TestRollbackToTheReleaseBefore":        TestRollbackToTheReleaseBefore,
		"TestAlarmDuringARollback":              TestAlarmDuringARollback,
		"TestAlarmWhileItGoesBack":              TestAlarmWhileItGoesBack,
		"TestPauseResumePromoteAbort":           TestPauseResumePromoteAbort,
		"TestSlotsRenamed":                      TestSlotsRenamed,

		"TestAlarmEventAgainAfterTheRollback":    TestAlarmEventAgainAfterTheRollback,
		"TestAnswerOfTheTokenLost":               TestAnswerOfTheTokenLost,
		"TestAnswerOfTheQueueLost":               TestAnswerOfTheQueueLost,
		"TestLetterWithACharacterThatSQSRefuses": TestLetterWithACharacterThatSQSRefuses,

		"TestStagingGoesBackInItsGuard": TestStagingGoesBackInItsGuard,

		"TestRecordIsWrittenOnce": TestRecordIsWrittenOnce,
		"TestRecordIsKept":        TestRecordIsKept,

		"TestStoppedAtEveryState":             TestStoppedAtEveryState,
		"TestStoppedOnTheWayBackFromTheGuard": TestStoppedOnTheWayBackFromTheGuard,
		"TestStoppedRightAfterTheCommit":      TestStoppedRightAfterTheCommit,
		"TestDeadmanStandsBehindEveryWait":    TestDeadmanStandsBehindEveryWait,
		"TestLockHolderDead":                  TestLockHolderDead,
		"TestThrottledAndStopped":             TestThrottledAndStopped,
		"TestRetriedPrepareMakesNothingTwice": TestRetriedPrepareMakesNothingTwice,
		"TestFunctionTimedOutAfterItsEffect":  TestFunctionTimedOutAfterItsEffect,
		"TestEveryEndIsASuccessButDirty":      TestEveryEndIsASuccessButDirty,

		"TestRepairBack":    TestRepairBack,
		"TestRepairAccept":  TestRepairAccept,
		"TestRepairStopped": TestRepairStopped,
		"TestRepairRefused": TestRepairRefused,

		"TestModifyRuleThrottledForTenMinutes":         TestModifyRuleThrottledForTenMinutes,
		"TestAnswerOfModifyRuleLost":                   TestAnswerOfModifyRuleLost,
		"TestModifyRuleLandsAfterTheRollback":          TestModifyRuleLandsAfterTheRollback,
		"TestZombieShiftWritesNothingAfterTheRollback": TestZombieShiftWritesNothingAfterTheRollback,
		"TestRuleChangedBySomebodyElse":                TestRuleChangedBySomebodyElse,
		"TestRuleEditedBeforeARollout":                 TestRuleEditedBeforeARollout,
		"TestRuleKeepsWhatIsNotOurs":                   TestRuleKeepsWhatIsNotOurs,
		"TestStickinessRefused":                        TestStickinessRefused,
		"TestFirstRollout":                             TestFirstRollout,
		"TestStableAtZeroTasks":                        TestStableAtZeroTasks,
		"TestStableLosesItsTargets":                    TestStableLosesItsTargets,
		"TestRollbackCannotWrite":                      TestRollbackCannotWrite,
		"TestCanaryGrowsWithTheStableSlot":             TestCanaryGrowsWithTheStableSlot,

		"TestStandingTellsEachWait": TestStandingTellsEachWait,
		"TestFlowsToTheSlots":       TestFlowsToTheSlots,

		"TestTaskDefinitionIsUsedAgain": TestTaskDefinitionIsUsedAgain,

		"TestSuccess":                 TestSuccess,
		"TestBadVersionIsTakenBack":   TestBadVersionIsTakenBack,
		"TestAlarm":                   TestAlarm,
		"TestAlarmRedBefore":          TestAlarmRedBefore,
		"TestAlarmDuringJudge":        TestAlarmDuringJudge,
		"TestAlarmEventLost":          TestAlarmEventLost,
		"TestAlarmAfterRetire":        TestAlarmAfterRetire,
		"TestLatchOfAnEarlierRollout": TestLatchOfAnEarlierRollout,
		"TestCanaryNeverHealthy":      TestCanaryNeverHealthy,
		"TestCanaryNeverStarts":       TestCanaryNeverStarts,
		"TestCircuitBreaker":          TestCircuitBreaker,
		"TestTaskDefinitionRefused":   TestTaskDefinitionRefused,

		"TestOneOfAWaveFails": TestOneOfAWaveFails,

		"TestLockLandsAfterTheEnd": TestLockLandsAfterTheEnd,
	}
}

// untold are the stories that are not, by the reason.
func untold() map[string][]string {
	return map[string][]string{
		"Slack and its people: at a terminal there is one person": {
			"TestApproved", "TestRejected", "TestExpired", "TestClickAfterTheTime", "TestQuorumOfTwo",
			"TestOneRejectsOfTwo", "TestAuthorMayNot", "TestAuthorRejects", "TestHiddenAddress",
			"TestNobodyKnowsTheAuthor", "TestNotAnApprover", "TestDoubleClick", "TestTwoPeopleAtOnce",
			"TestOldMessageAfterSuperseding", "TestSupersededByOneThatNeedsNone", "TestOlderComesLater",
			"TestApprovedAndSuperseded", "TestApprovalBeforeTheWaitIsStored",
			"TestApprovalAfterTheExecutionWasStopped", "TestWaitEndedByHand", "TestRollbackIsNotAskedFor",
			"TestStepRejected", "TestStoppedWhileAsked", "TestEnvironmentAndStepAreAskedApart",
			"TestEveryMomentReachesEveryChannel", "TestChannelsListMoments", "TestEveryOutcomeIsTold",
			"TestNoticeThatComesTwiceIsDeliveredOnce", "TestPutEventsFails", "TestQuestionThatCouldNotBeTold",
			"TestDeliveries", "TestExpiresInTimeWhenAskingIsSlow", "TestGateBroken", "TestNotFromSlack",
			"TestReplayedLater", "TestSlackDownForAnHour", "TestClickWhileSlackIsDown",
			"TestNamedApproverWhileSlackIsDown", "TestClickThatCannotBeTaken", "TestApprovalFunctionDies",
			"TestButtonOfNoRollout", "TestButtons", "TestButtonsWhileItGoesBack", "TestPromoteTwice",
			"TestReceiverDownForAnHour", "TestPausesGrow", "TestReceiverDownForMoreThanADay", "TestGivenUpAtOnce",
			"TestRetryAfterIsHonoured", "TestNotifyDiesAtEachCall", "TestUpgradeWhileAMessageIsOnTheScreen",
		},
		"the URL where callers of AWS decide, or their roles": {
			"TestDecideAsUser", "TestDecideAsRole", "TestDecideAsSessionWithAnothersName",
			"TestDecideAsIdentityCenterUser", "TestDecideAsIdentityCenterUserFirst", "TestDecideHash",
			"TestDecideReject", "TestDecideRefusesRequests", "TestDecideSteers", "TestWhoMayPutDecisions",
			"TestDeploymentIsToldByTheURL", "TestOrderDeploy", "TestOrderRollback", "TestOrderRefused",
		},
		"a build's event, or CodePipeline": {
			"TestStageGreen", "TestStageRed", "TestStageSuperseded", "TestStageRetried", "TestStageTwoChanges",
			"TestStageTimesOut", "TestStageOfBadInput", "TestStageOfANamedFile", "TestStageEventTwice",
			"TestStageFunctionsDie", "TestStageAnswersFail", "TestStageResultFails", "TestStageAbandoned",
			"TestStageResultLate", "TestStageJobLate", "TestStageNoticesLost", "TestStageWithoutFunction",
			"TestJobOfNobody", "TestJobGoesOnWithoutRelease", "TestOlderReleaseComesLate",
			"TestSameEventFiveTimes", "TestReleaseOfAnotherPlace", "TestPipelineApproved", "TestPipelineRejected", "TestPipelineQuorum",
			"TestPipelineNotAnApprover", "TestPipelineAnsweredInTheConsole", "TestPipelineOvertaken",
			"TestPipelineAnswerLost", "TestPipelineExpires", "TestPipelineEventTwice", "TestPipelineEventLate",
			"TestPipelineThatNobodyNames", "TestPipelineOfTwoApps", "TestPipelineOfTheMostExactEntry",
			"TestPipelineRunsAgain", "TestPipelineThrottled", "TestPipelineDenied",
		},
		"other accounts, Regions or partitions": {
			"TestElsewhere", "TestAlarmAfterTheGuardElsewhere", "TestEventsFromElsewhereLost",
			"TestSameAlarmNameInTwoAccounts", "TestFromHomeToAnotherAccount", "TestEveryPartition",
			"TestWhoIsKeptOutOfEveryPartition", "TestElsewhereInEveryPartition", "TestGitHubInEveryPartition",
			"TestRepairElsewhere", "TestPlacesThatCannotBeReached", "TestRoleDeletedAtTenPercent",
			"TestRoleCannotBeAssumedForHours", "TestCredentialsExpireInABake",
			"TestTaskDefinitionInAnotherPartition",
		},
		"roles and what they grant: a person's credentials do all": {
			"TestDeniedOnTheWayForward", "TestDeniedOnTheWayBack", "TestDeniedToWakeInLock",
			"TestDeniedToFailTheBake", "TestMachineMayNotCall", "TestCompromisedFunctionIsConfined", "TestEveryListenerHasDeadLetters",
			"TestCallThatCannotBeMade", "TestEveryWaitArmsTheDeadmanAgain", "TestTagsOfTheTaskDefinitionAreKept",
			"TestImagesFromTheArtifact", "TestRecordIsProtected", "TestScopeByParameters",
			"TestScopeThatCannotWork", "TestScopeThatCannotBeSeen", "TestStandingWithPermissions",
			"TestTaskDefinitionFromAFile", "TestTaskDefinitionsThatAreRefused", "TestTaskDefinitionThatWasNotRead",
		},
		"the installation itself: its stack, upgrades, logs, cost": {
			"TestTakenAwayDuringARollout", "TestInstalledAgainAfterARollout", "TestInstalledAgainWithTheOldTable",
			"TestLogsOfARollout", "TestLogsInGovCloud", "TestSpecThatNeedsSlack", "TestTemplateWithoutSlack",
			"TestNothingTellsSecrets", "TestEveryParameterOfServiceLeavesTheRolloutAlone",
			"TestNewerTemplateOfServiceLeavesTheRolloutAlone", "TestServiceWithoutItsPolicy",
			"TestUpgradeDuringARollout", "TestUpgradeDuringARollback", "TestUpgradeWhileAskedAndQueued",
			"TestDowngradeWaits", "TestFailedUpgradeDuringARollout", "TestUsageOfARollout",
		},
		"more than one app: a state is of one": {
			"TestTwoAppsShareAnAlarm", "TestTwoAppsClaimOneRule", "TestNamesOfAnotherAppsRollouts",
			"TestAlarmOfAReleaseThatHasGoneBack",
		},
		"an execution is redriven, or stopped without its process": {
			"TestLateTokenOfAZombie", "TestRecoverCalledTwice", "TestRecoverDiesHalfWay", "TestRecoveryStopped",
			"TestOldExecutionRedriven",
		},
		"days of waiting, in which nothing is looked at otherwise": {
			"TestGateClosesInTheQueue", "TestGateAlarmMeanwhile", "TestGateStopped", "TestGateOpensOnTheWay",
			"TestGateKeepsTheNewest", "TestBehindDirty", "TestOlderReleaseAfterANewerThatWasStopped",
			"TestStartOfTheNextThrottledForGood", "TestStagingCannotGoBackYet", "TestRollbackThrottledForTwoHours",
		},
		"an alarm that has to be heard within two seconds: looks are five apart, and it goes back a state later": {
			"TestAlarmBeforeTheNext", "TestAlarmDuringComplete",
		},
		"one execution is stopped and another goes on: a process ends with all of its executions": {
			"TestWaiterStopped", "TestHolderStoppedBetweenHandOverAndWake",
		},
		"a sweep over calls and orders of one thing, which is the same code": {
			"TestCommitsOfAWaveAtOnce", "TestWaveGoesBackAsTheLastCommits", "TestThreeDeploymentsAtOnce",
			"TestCompleteDiesBeforeTheNext", "TestStoppedInRetire", "TestFunctionDiesAfterItsEffect",
			"TestFunctionOfTheWayBackDiesAfterItsEffect", "TestCommitsOfAWaveInEveryOrder",
		},
		"the local cloud goes on from all of its state; an engine in the foreground keeps its table, and dies in stories of its own": {
			"TestRestart", "TestRestartAfterANight", "TestRestartAllTheTime", "TestRestartAsAnotherVersion",
			"TestRestartInGateAndHold", "TestRestartWhileAsking", "TestRestartWithAQueue",
		},
		"what the record says word for word": {
			"TestRecordReads", "TestRecordHasInputs",
		},
		"several environments in their orders: the same code, and each story takes long": {
			"TestOneOfAWaveGoesBackInItsGuard", "TestStoppedBeforeTheNext", "TestStagingStoppedInItsGuard",
			"TestStartOfTheNextThrottled", "TestStarterFailsBeforeTheStart", "TestAlarmAfterStagingsGuard",
			"TestPersonRollsStagingBack", "TestStagingGoesBackWhileProductionTakesTheLock",
			"TestFourDeployments", "TestFirstEnvironmentFails", "TestNewerReleaseInProductionsQueue",
			"TestNewerReleaseInStaging", "TestSpecChangesOnTheWay",
		},
	}
}
