"""Forecasts of t_gen from the plateau: what is seen, who forecasts, how it is scored, alarms, costs."""
