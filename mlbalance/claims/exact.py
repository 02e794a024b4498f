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
        label="replication",
        statement="A weight that is a whole number is that many copies of its row: loss, score, "
        "Hessian and fit are the same, the standard errors are not.",
        latex=r"\sum_i r_i \, \ell_i(\theta) + P(\theta) = "
        r"\sum_i \sum_{c=1}^{r_i} \ell_i(\theta) + P(\theta)",
        conditions=("any-model", "additive-loss", "common-ridge"),
        origin="standard",
        derived="mlbalance.derivations.replication:replication",
        computed="mlbalance.softmax:fit",
    ),
    Claim(
        label="scale",
        statement="A positive factor common to all weights and to the ridge leaves the fit alone. "
        "At one ridge on the scale of the sum, an undersample of n_u rows is therefore penalised "
        "n/n_u times more than all n.",
        latex=r"\operatorname*{arg\,min}_\theta L_{f W, f \lambda} = "
        r"\operatorname*{arg\,min}_\theta L_{W, \lambda}, \qquad f > 0",
        conditions=("any-model", "additive-loss", "common-ridge"),
        origin="standard",
        derived="mlbalance.derivations.replication:scale",
        computed="mlbalance.softmax:fit",
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
        label="convex-order",
        statement="For a convex functional of the loss function, a scheme's loss has on average "
        "no less than that of class weighting: its noise is never free.",
        latex=r"E\,\Phi(L_W) \ge E\,\Phi(L_w) \quad \text{for convex } \Phi",
        conditions=("any-model", "label-only-weights", "unbiased-weights", "convex-functional"),
        origin="this package, as an instance of Jensen's inequality",
        cites=("jensen1906", "rockafellar1970"),
        derived="mlbalance.derivations.optimism:convex_order",
        computed="mlbalance.softmax:loss",
    ),
    Claim(
        label="optimism",
        statement="The least loss of a scheme is on average no more than that of class weighting, "
        "and this no more than the least risk, whether they are attained or not: an undersample "
        "has the more optimistic training loss. When every kept count is large, it is below the "
        "least risk by half of the trace of A^-1 J_W.",
        latex=r"E \inf_\theta L_W \le E \inf_\theta L_w \le \inf_\theta R, \qquad "
        r"\inf_\theta R - E \inf_\theta L_W \sim \tfrac{1}{2} \operatorname{tr}(A^{-1} J_W)",
        conditions=(
            "any-model",
            "label-only-weights",
            "unbiased-weights",
            "common-ridge",
            "independent-rows",
        ),
        origin="this package, as an instance of Jensen's inequality",
        cites=("jensen1906", "vandervaart1998"),
        derived="mlbalance.derivations.optimism:optimism",
        computed="mlbalance.theory:excess_risk",
    ),
    Claim(
        label="existence",
        statement="Without a ridge the fit exists if and only if no direction of coefficients "
        "ranks the own class of every weighted row at least as high as all others, and one "
        "strictly; how large positive weights are does not matter. If the fit of some rows "
        "exists and is unique, so does that of more rows: an undersample can lose the fit, never "
        "gain it. With a ridge it exists if and only if every class has weight.",
        latex=r"\text{no } v : \quad v_{y_i}(x_i) \ge v_l(x_i) \; \forall i, l : W_i > 0, \quad "
        r"\text{one strictly}",
        conditions=("any-model", "unique-subset-fit"),
        origin="Albert and Anderson 1984 for the condition; this package for supersets",
        cites=("albert1984", "stiemke1915", "rockafellar1970"),
        derived="mlbalance.derivations.separation:existence",
        computed="mlbalance.existence:verdict",
        observed="simulations/existence.py",
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
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="random-counts",
        statement="Weights made from the observed counts carry no between-class term even when "
        "the counts are random: the variance of the score is the mean of the one given the "
        "counts. Weights from known priors do carry one.",
        latex=r"\operatorname{Var} \nabla L_W = E J_W, \qquad "
        r"E J_w = \sum_k \tau_k^2 \, E[1/n_k] \, V_k",
        conditions=(
            "any-model",
            "label-only-weights",
            "unbiased-weights",
            "independent-rows",
            "fixed-totals",
            "classes-present",
        ),
        origin="Holt and Smith 1979, for post-stratified means",
        cites=("holt1979",),
        derived="mlbalance.derivations.random_counts:random_counts",
        computed="mlbalance.theory:random_counts_variance",
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="conditional-variance",
        statement="Given the data, the noise of a scheme is, class by class, c_k^2 times the "
        "squares around the class mean, with divisor n_k - 1, over n_k. It comes on top of the "
        "variance of class weighting, and two analysts with their own seeds differ by twice it.",
        latex=r"\operatorname{Var}(\nabla L_W \mid X, y) = "
        r"\sum_k \frac{\tau_k^2 c_k^2}{n_k} S_k^2, \qquad E S_k^2 = V_k",
        conditions=("any-model", "exchangeable-weights", "fixed-totals"),
        origin="this package, with the variance of simple random sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.conditional:conditional_variance",
        computed="mlbalance.theory:conditional_variance",
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
    Claim(
        label="bagging",
        statement="The mean of B independent draws of the weights has c_k^2 divided by B, and so "
        "all noise beyond class weighting. For the mean of B fits this holds to first order.",
        latex=r"c_k^2(B) = \frac{c_k^2}{B}, \qquad J_W(B) - J_w = \frac{J_W - J_w}{B}",
        conditions=(
            "any-model",
            "label-only-weights",
            "unbiased-weights",
            "independent-bags",
        ),
        origin="Breiman 1996 for the method; this package",
        cites=("breiman1996",),
        derived="mlbalance.derivations.bags:bagging",
        computed="mlbalance.schemes:Bagging.moments",
        observed="simulations/bagging.py",
    ),
    Claim(
        label="disjoint-bags",
        statement="Bags that share no row do better than independent ones by (B - 1)/B, whatever "
        "the counts; B = n_k/m of them partition a class, and their mean weights are exactly "
        "class weights in every draw, at the cost of one pass.",
        latex=r"c_k^2(B) = \frac{n_k}{B m} - 1 = \frac{1}{B} \Bigl(\frac{n_k}{m} - 1\Bigr) - "
        r"\frac{B - 1}{B}",
        conditions=("label-only-weights", "unbiased-weights", "bags-fit"),
        origin="Chan and Stolfo 1998 for the method; this package",
        cites=("chan1998",),
        derived="mlbalance.derivations.bags:disjoint_bags",
        computed="mlbalance.schemes:Bagging.moments",
        observed="simulations/bagging.py",
    ),
)
