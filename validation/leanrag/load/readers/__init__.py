"""One module for each tool whose report can be judged: what it wrote becomes a leanrag.load.report.Report."""
