module example.org/tools/relay

go 1.25.0
