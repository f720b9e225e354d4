"""Small data: the overhead of a call."""

from data import dense
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from timing import alternate, report

from gdregress import GDRegressor


def small(quick):
    """A fit of 500 x 10 and predictions of few and many rows, all with their defaults."""
    X, y = dense(500, 10)
    models = {
        "GDRegressor()": GDRegressor(),
        "SGDRegressor()": SGDRegressor(random_state=0),
        "Ridge()": Ridge(),
        "LinearRegression()": LinearRegression(),
    }
    fits = {name: lambda model=model: model.fit(X, y) for name, model in models.items()}
    reports = [report("fit, 500 x 10", alternate(fits, 20 if quick else 100), "GDRegressor()")]
    for n in (1, 500, 100_000):
        rows = dense(n, 10)[0]
        predictions = {
            name: lambda model=model, rows=rows: model.predict(rows)
            for name, model in models.items()
        }
        medians = alternate(predictions, 50 if quick else 300)
        reports.append(report(f"predict, {n:,} x 10", medians, "GDRegressor()"))
    return reports
