"""Dashboards as data: one question a panel, limits from the promises; written as Grafana's JSON into charts/observe."""
