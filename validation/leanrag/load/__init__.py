"""Traffic for the gate: GuideLLM as a program, its report read strictly, and what the figures prove."""
