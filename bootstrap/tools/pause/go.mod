module example.org/tools/pause

go 1.25.0
