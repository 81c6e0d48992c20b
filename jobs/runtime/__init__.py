"""The machinery under the stages: settings, session, lake, progress, stage, command line."""
