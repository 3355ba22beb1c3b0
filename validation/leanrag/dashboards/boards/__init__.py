"""The dashboards themselves."""
