pytest_plugins = ["wavetank_pytest"]
