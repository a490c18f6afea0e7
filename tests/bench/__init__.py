"""Speed, measured against a limit taken in the same run; never part of the tests."""
