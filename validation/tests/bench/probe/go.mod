module example.org/tests/probe

go 1.25.0
