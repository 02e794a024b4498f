"""Claims that hold for any number of rows, any smooth loss and any model."""

from mlbalance.claims.claim import EXACT, Claim

CLAIMS = (
    Claim(
        label="score",
        statement="The gradient of the weighted softmax loss is the weighted sum of residuals "
        "(probability less indicator) times features, plus the ridge on the coefficients; a known "
        "offset only moves the probabilities.",
        latex=r"\nabla_{w_k} L_W = \sum_i W_i \, (p_{ik} - 1\{y_i = k\}) \, x_i + \lambda w_k",
        conditions=("any-model",),
        origin="standard",
        cites=("bohning1992",),
        derived="mlbalance.derivations.likelihood:score",
        computed="mlbalance.softmax:score",
    ),
    Claim(
        label="hessian",
        statement="The Hessian is a weighted sum of variances, so the loss is convex. Without a "
        "ridge the directions it does not see are shifts common to all classes, and these only if "
        "the rows of (1, X) with positive weight have full rank; with one, only the common "
        "intercept.",
        latex=r"\nabla^2 L_W = \sum_i W_i \left(\operatorname{diag} p_i - p_i p_i'\right) \otimes "
        r"\begin{pmatrix} 1 \\ x_i \end{pmatrix} \begin{pmatrix} 1 & x_i' \end{pmatrix} + "
        r"\lambda \, I_K \otimes \begin{pmatrix} 0 & 0 \\ 0 & I_d \end{pmatrix} \succeq 0",
        conditions=("any-model",),
        origin="standard",
        cites=("bohning1992",),
        derived="mlbalance.derivations.convexity:hessian",
        computed="mlbalance.softmax:hessian",
    ),
    Claim(
        label="conditional-mean",
        statement="Given the data, the mean of a scheme's loss, and of its gradient, is that of "
        "class weighting: resampling by label is class weighting plus noise.",
        latex=r"E[L_W(\theta) \mid X, y] = L_w(\theta) = "
        r"\sum_k \frac{\tau_k}{n_k} \sum_{i : y_i = k} \ell_i(\theta)",
        conditions=("any-model", "label-only-weights", "unbiased-weights"),
        origin="this package, as an instance of the Rao-Blackwell theorem",
        cites=("rao1945", "blackwell1947"),
        derived="mlbalance.derivations.weights:conditional_mean",
        computed="mlbalance.schemes:Scheme.moments",
    ),
    Claim(
        label="score-variance",
        statement="The variance of the score is exact at any sample size and any parameter: class "
        "k contributes its own score covariance, inflated by one plus the squared coefficient of "
        "variation of its weights.",
        latex=r"\operatorname{Var} \nabla L_W(\theta) = J_W = "
        r"\sum_k \frac{\tau_k^2 (1 + c_k^2)}{n_k} V_k(\theta)",
        conditions=EXACT,
        origin="this package",
        derived="mlbalance.derivations.variance:score_variance",
        computed="mlbalance.theory:score_variance",
    ),
    Claim(
        label="random-totals",
        statement="A scheme whose class totals are random pays once more, for the class means of "
        "the score; an intercept-only model shows it, since with fixed totals it does not vary.",
        latex=r"\operatorname{Var} \nabla L_W = \sum_k \Bigl(\sum_{i : y_i = k} E W_i^2\Bigr) V_k "
        r"+ \sum_{k,l} \operatorname{Cov}(T_k, T_l) \, \mu_k \mu_l'",
        conditions=("any-model", "label-only-weights", "independent-rows"),
        origin="this package, with the covariances of Poisson and multinomial sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.totals:random_totals",
        computed="mlbalance.theory:score_variance",
    ),
    Claim(
        label="cv2",
        statement="Every scheme enters through one number per class, the squared coefficient of "
        "variation of a row's weight: zero for class weights, n_k/m - 1 for an undersample.",
        latex=r"c_k^2 = \frac{\operatorname{Var}(W_i \mid y_i = k)}{(\tau_k/n_k)^2}, \qquad "
        r"c_k^2 = \frac{n_k}{m} - 1 \text{ for an undersample of } m \text{ rows}",
        conditions=("label-only-weights", "unbiased-weights", "fixed-counts"),
        origin="this package, from the moments of simple random sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.weights:cv2",
        computed="mlbalance.schemes:Scheme.moments",
    ),
)
