"""Why a service is slow: causes with their evidence, and the value to change next."""
