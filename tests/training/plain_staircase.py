"""The staircase's first level by plain PyTorch, one net and one seed at a time: what `test_staircase` compares with."""

import torch

B, D, RHO = 64, 20, 0.4258


def values(estimator, seed, width, steps, lr):
    """Train a separable critic and return the average of what its last half of the steps said."""
    torch.manual_seed(seed)

    def mlp(d, out):
        layers = torch.nn.Linear(d, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU()
        return torch.nn.Sequential(*layers, torch.nn.Linear(width, out))

    g, h, u, a = mlp(D, 32), mlp(D, 32), mlp(2 * D, 1), mlp(D, 1)
    adam = torch.optim.Adam([p for net in (g, h, u, a) for p in net.parameters()], lr)
    said, off = [], ~torch.eye(B, dtype=torch.bool)
    for _ in range(steps):
        x = torch.randn(B, D)
        y = RHO * x + (1 - RHO**2) ** 0.5 * torch.randn(B, D)
        t = g(x) @ h(y).T
        log_a, log_u = a(y).T, u(torch.cat([x, y], 1))
        own, rest = t.diag(), t[off]
        js = own.sigmoid().log().mean() + (1 - rest.sigmoid()).log().mean()
        if estimator == "flo":
            loss = -(1 - log_u - (-log_u - own.unsqueeze(1) + t).exp().mul(off).sum(1, True) / (B - 1)).mean()
        elif estimator == "tuba":
            loss = -(1 + (own - log_a[0]).mean() - (t - log_a)[off].exp().mean())
        elif estimator == "infonce":
            loss = -(own - t.exp().mean(1).log()).mean()
        elif estimator == "nwj":
            loss = -(own.mean() - (rest - 1).exp().mean())
        elif estimator == "dv":
            loss = -(own.mean() - rest.exp().mean().log())
        elif estimator == "hd-dime":
            loss = -(2 - (-own / 2).exp().mean() - (rest / 2).exp().mean())
        else:
            loss = -js
        value = {"hd-dime": own.mean(), "gan-dime": own.mean()}.get(estimator, -loss)
        value = {"js": own.mean() + 1 - rest.exp().mean()}.get(estimator, value)
        if estimator == "smile-1":
            value = own.mean() - rest.clamp(-1, 1).exp().mean().log()
        adam.zero_grad()
        loss.backward()
        adam.step()
        said.append(value.item())
    return sum(said[steps // 2 :]) / (steps - steps // 2)
