"""Ask botocore which inputs it would send.

Reads [{"service", "operation", "input"}] and writes, for each, what botocore has
against the input, or "".
"""

import json
import sys

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

loader, services, validator = Loader(), {}, ParamValidator()
answers = []
for question in json.load(sys.stdin):
    name = question["service"]
    if name not in services:
        services[name] = ServiceModel(loader.load_service_model(name, "service-2"))
    shape = services[name].operation_model(question["operation"]).input_shape
    answers.append(validator.validate(question["input"], shape).generate_report() if shape else "")
json.dump(answers, sys.stdout)
