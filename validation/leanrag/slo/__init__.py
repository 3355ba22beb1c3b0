"""Objectives as true sentences about requests, and the exact statistics that decide them. Pure functions only."""
