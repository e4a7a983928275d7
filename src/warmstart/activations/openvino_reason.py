"""Errors of OpenVINO in a few words."""


def openvino_reason(error: Exception) -> str:
    """What an error of OpenVINO's says, without the places in its source that it begins with."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Exception from", "Check "))]
    rules = [line for line in lines if "No conversion rule" in line]
    return (rules or lines or [type(error).__name__])[0].strip("- ")
