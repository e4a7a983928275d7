"""Who is told how a fit goes: files, TensorBoard, MLflow, or a class of your own.

Takes: plain data: what begins, each step, each epoch, and how it ended.
Gives: rows of a CSV, event files, runs of a tracker.
Never: changes training; what fails is named, and training goes on.
"""

from warmstart.callbacks.csv_logger import CSVLogger
from warmstart.callbacks.events import Callback, EpochEnd, FitBegin, FitEnd, StepEnd
from warmstart.callbacks.mlflow import MLflow
from warmstart.callbacks.tensorboard import TensorBoard

__all__ = [
    "CSVLogger",
    "Callback",
    "EpochEnd",
    "FitBegin",
    "FitEnd",
    "MLflow",
    "StepEnd",
    "TensorBoard",
]
