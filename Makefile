.PHONY: demo test lint

demo:  ## the acceptance month, end to end
	scripts/demo

test:  ## all tests, on both databases
	scripts/test

lint:  ## style, types, import directions (after scripts/test has made .venv)
	.venv/bin/python -m pip install --quiet -e '.[fava,test,lint]'
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
