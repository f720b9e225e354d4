"""Classification of real data, beside LogisticRegression with the same penalty."""

import numpy as np
from data import flights, missing_for_flights
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from timing import quietly, seconds_of

from gdregress import GDClassifier

ALPHA = 1e-3


def real_classes(quick):
    """Test accuracy and log loss of both models with their defaults, but for alpha."""
    print(f"\n{'data':36s}{'model':22s}{'accuracy':>10s}{'log loss':>10s}{'seconds':>10s}")
    return [
        _compare(name, *split) for name, split in {**_toy_data(), **_late_flights(quick)}.items()
    ]


def _toy_data():
    splits = {}
    for load in (load_iris, load_breast_cancer, load_digits):
        X, y = load(return_X_y=True)
        X_train, X_test, *labels = train_test_split(X, y, random_state=0)
        scaler = StandardScaler().fit(X_train)
        splits[load.__name__[5:]] = scaler.transform(X_train), scaler.transform(X_test), *labels
    return splits


def _late_flights(quick):
    if missing_for_flights():
        print(f"the flights are left out, missing: {', '.join(missing_for_flights())}")
        return {}
    X_train, X_test, y_train, y_test = flights(20_000 if quick else None)["scaled and one-hot"]
    late = [np.where(delay > 15, "late", "in time") for delay in (y_train, y_test)]
    return {"flights more than 15 minutes late": (X_train, X_test, *late)}


def _compare(name, X_train, X_test, y_train, y_test):
    models = {
        "GDClassifier": GDClassifier(alpha=ALPHA),
        "LogisticRegression": LogisticRegression(C=1 / (len(y_train) * ALPHA)),
    }
    results = {}
    for model_name, model in models.items():
        with quietly():
            seconds = seconds_of(lambda model=model: model.fit(X_train, y_train))
        accuracy = model.score(X_test, y_test)
        loss = log_loss(y_test, model.predict_proba(X_test))
        results[model_name] = {"accuracy": accuracy, "log loss": loss, "seconds": seconds}
        print(f"{name:36s}{model_name:22s}{accuracy:10.4f}{loss:10.4f}{seconds:10.3f}")
    return {"title": f"classes of {name}", "results": results}
