"""Claims that hold to first order, every kept count being large."""

from mlbalance.claims.claim import FIRST_ORDER, Claim

RIGHT = (*FIRST_ORDER[1:], "right-model", "no-ridge")
"""First order under a right model, in the place of any model."""

CLAIMS = (
    Claim(
        label="sandwich",
        statement="To first order the covariance of a fit is the score variance between two "
        "inverse Hessians; class-centred scores estimate it without bias.",
        latex=r"\operatorname{Cov}(\theta_W) \sim A^{-1} J_W A^{-1}",
        conditions=FIRST_ORDER,
        origin="Huber 1967; van der Vaart 1998",
        cites=("huber1967", "vandervaart1998"),
        derived="mlbalance.derivations.ordering:sandwich",
        computed="mlbalance.theory:covariance",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="loewner",
        statement="No scheme has a smaller covariance than class weighting, in any direction, for "
        "any model: variance ratios lie between one and one plus the largest c_k^2.",
        latex=r"A^{-1} (J_W - J_w) A^{-1} \succeq 0, \qquad 1 \le "
        r"\frac{a' A^{-1} J_W A^{-1} a}{a' A^{-1} J_w A^{-1} a} \le 1 + \max_k c_k^2",
        conditions=FIRST_ORDER,
        origin="this package",
        derived="mlbalance.derivations.ordering:loewner",
        computed="mlbalance.theory:covariance",
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="harmonic",
        statement="Where the class terms are equal, undersampling to m rows multiplies the "
        "variance by the harmonic mean of the counts over m, which is below K; for two classes "
        "by twice the share of the larger one. Elsewhere single coefficients differ widely.",
        latex=r"\frac{a' A^{-1} J_W A^{-1} a}{a' A^{-1} J_w A^{-1} a} = \frac{H}{m} < K, \qquad "
        r"H = \frac{K}{\sum_k 1/n_k}",
        conditions=(*FIRST_ORDER, "uniform-target", "equal-class-terms"),
        origin="this package",
        derived="mlbalance.derivations.efficiency:harmonic",
        computed="mlbalance.theory:variance_ratio",
        observed="simulations/harmonic_ratio.py",
    ),
    Claim(
        label="kish",
        statement="Balanced weights are worth K H rows in Kish's sense and an undersample its K m "
        "rows. It counts balanced rows; it does not compare weighting with the unweighted fit.",
        latex=r"\frac{1}{\sum_i w_i^2} = \frac{1}{\sum_k \tau_k^2/n_k} = K H \le n",
        conditions=("fixed-counts", "uniform-target"),
        origin="Kish 1965",
        cites=("kish1965",),
        derived="mlbalance.derivations.efficiency:kish",
        computed="mlbalance.theory:effective_size",
    ),
    Claim(
        label="budget",
        statement="A row of class k is worth its class's share of the variance over its count; "
        "under undersampling a row of a larger class is worth nothing. The best counts are in "
        "proportion to the target times the root of class variance over price.",
        latex=r"-\frac{\partial \log \operatorname{tr}(A^{-1} J_w)}{\partial n_k} = "
        r"\frac{\text{share}_k}{n_k}, \qquad "
        r"n_k \propto \tau_k \sqrt{\frac{\operatorname{tr}(A^{-1} V_k)}{\text{price}_k}}",
        conditions=FIRST_ORDER,
        origin="Neyman 1934 for the allocation; this package",
        cites=("neyman1934",),
        derived="mlbalance.derivations.allocation:budget",
        computed="mlbalance.theory:budget",
    ),
    Claim(
        label="intercept-shift",
        statement="Of a right model the mean score of a class is a pure shift of its intercept, so "
        "scores that are not centred within classes make intercepts look more variable by "
        "D = diag(1/n_k) + 11'/n_0, and slopes by nothing.",
        latex=r"A^{-1} \mu_k = -e_{b_k}/\tau_k, \qquad A^{-1} \Bigl(\sum_k \frac{\tau_k^2}{n_k} "
        r"\mu_k \mu_k'\Bigr) A^{-1} = \left(\operatorname{diag} \frac{1}{n_k} + "
        r"\frac{1}{n_0} 11'\right) \text{ on intercepts, 0 on slopes}",
        conditions=RIGHT,
        origin="Prentice and Pyke 1979 for the unweighted fit; this package",
        cites=("prentice1979",),
        derived="mlbalance.derivations.shift:intercept_shift",
        computed="mlbalance.theory:intercept_excess",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="naive-se",
        statement="The inverse Hessian of a weighted fit is not its covariance, and copies of a "
        "row are not new rows: cluster them on their row. Of the unweighted fit of a right model "
        "the inverse Hessian is right in slopes and too large by D in intercepts.",
        latex=r"A^{-1}/n = A^{-1} J_w A^{-1} + D \text{ unweighted}, \qquad "
        r"\frac{A^{-1}/n}{A^{-1} J_w A^{-1}} = 4 \pi (1 - \pi) \text{ on the slope of two "
        r"balanced classes without signal}",
        conditions=RIGHT,
        origin="Huber 1967; White 1982; Prentice and Pyke 1979",
        cites=("huber1967", "white1982", "prentice1979"),
        derived="mlbalance.derivations.standard_errors:naive_se",
        computed="mlbalance.theory:covariance",
        observed="simulations/coverage.py",
    ),
    Claim(
        label="excess-risk",
        statement="To first order the risk of a fit exceeds the least by half the trace of the "
        "score variance against the inverse Hessian, and its own training loss by the trace.",
        latex=r"E R(\theta_W) - R(\theta^*) \sim \tfrac12 \operatorname{tr}(A^{-1} J_W), \qquad "
        r"E[R(\theta_W) - L_W(\theta_W)] \sim \operatorname{tr}(A^{-1} J_W)",
        conditions=FIRST_ORDER,
        origin="Murata, Yoshizawa and Amari 1994; this package for random weights",
        cites=("murata1994",),
        derived="mlbalance.derivations.risk:excess_risk",
        computed="mlbalance.theory:excess_risk",
        observed="simulations/six_classes.py",
    ),
    Claim(
        label="prior-shift",
        statement="Weights a_k on the classes of a right model move its intercepts by log a_k and "
        "nothing else; adding log(pi_k/tau_k) turns calibrated posteriors at prior tau into those "
        "at pi. A misspecified or penalised fit does not become the one made at pi.",
        latex=r"b_k(\pi) = b_k(\tau) + \log \frac{\pi_k}{\tau_k}, \qquad "
        r"p_k(\pi) = \frac{p_k(\tau) \, \pi_k/\tau_k}{\sum_l p_l(\tau) \, \pi_l/\tau_l}",
        conditions=("right-model", "no-ridge", "label-shift"),
        origin="Anderson 1972; Prentice and Pyke 1979; King and Zeng 2001",
        cites=("anderson1972", "prentice1979", "king2001"),
        derived="mlbalance.derivations.shift:prior_shift",
        computed="mlbalance.corrections:prior_shift",
        observed="simulations/calibration.py",
    ),
    Claim(
        label="offset-efficiency",
        statement="Of a right model the unweighted fit with offset log(n_k/(n tau_k)) estimates "
        "what balanced weighting does, and no direction of it varies more, intercepts included.",
        latex=r"A^{-1} J_w A^{-1} - (B^{-1}/n - D) = "
        r"\operatorname{Cov}(\phi - \psi)/n \succeq 0, \qquad "
        r"o_k = \log \frac{n_k}{n \tau_k}",
        conditions=RIGHT,
        origin="Prentice and Pyke 1979; Scott and Wild 1986",
        cites=("prentice1979", "scott1986", "manski1977"),
        derived="mlbalance.derivations.offset:offset_efficiency",
        computed="mlbalance.theory:offset_covariance",
        observed="simulations/misspecification.py",
    ),
    Claim(
        label="no-loss-at-null",
        statement="Where slopes are zero weighting loses nothing to the unweighted fit. The loss "
        "grows with the signal: for a rare Gaussian class the slope's variance is 1.13, 1.52, "
        "2.30, 3.76, 11.9 times as large at separations .5, 1, 1.5, 2, 3.",
        latex=r"\phi = \psi \text{ at zero slopes}, \qquad "
        r"\frac{\operatorname{Var}_w}{\operatorname{Var}} \to "
        r"\frac{e^{s^2/8}}{E[X^2/\cosh(s X/2)]}, \quad X \sim N(0, 1)",
        conditions=(*RIGHT, "zero-slopes"),
        origin="Scott and Wild 1986 for the comparison; this package",
        cites=("scott1986",),
        derived="mlbalance.derivations.no_loss:no_loss_at_null",
        computed="mlbalance.theory:separation_loss",
    ),
    Claim(
        label="bags-needed",
        statement="Averaging independent bags divides what a scheme loses to class weighting by "
        "their number: (ratio - 1)/eps of them are within eps of its variance. Disjoint bags never "
        "need more.",
        latex=r"\rho(B) - 1 = \frac{\rho - 1}{B} \le \epsilon \iff "
        r"B \ge \frac{\rho - 1}{\epsilon}",
        conditions=(*FIRST_ORDER, "independent-bags"),
        origin="this package",
        derived="mlbalance.derivations.bag_count:bags_needed",
        computed="mlbalance.theory:bags_needed",
        observed="simulations/bagging.py",
    ),
    Claim(
        label="balanced-error",
        statement="The balanced error of a fit exceeds that of its limit by the bias along the "
        "gradient and half the covariance against the Hessian. The gradient is zero where the "
        "model is right, the target prior uniform and there is no ridge; elsewhere bias counts as "
        "much as variance.",
        latex=r"E \, \mathrm{BER}(\theta_W) - \mathrm{BER}(\theta^*) \sim \nabla \mathrm{BER}' "
        r"\, \mathrm{bias} + \tfrac12 \operatorname{tr}(\mathrm{BER}'' \operatorname{Cov})",
        conditions=(*FIRST_ORDER, "smooth-error"),
        origin="this package, by the delta method",
        cites=("vandervaart1998",),
        derived="mlbalance.derivations.risk:balanced_error",
        computed="mlbalance.theory:balanced_error_excess",
    ),
    Claim(
        label="bridge",
        statement="Weights (tau_k/n_k)^g with offset (1 - g) log(n_k/tau_k) estimate a right model "
        "for every g: g = 1 is weighting and stays with its target when the model is wrong, g = 0 "
        "is logit adjustment and efficient when it is right.",
        latex=r"W_i \propto (\tau_k/n_k)^g, \quad o_k = (1 - g) \log(n_k/\tau_k) "
        r"\implies \theta_g \to \theta^*, \quad \Sigma_0 \preceq \Sigma_g",
        conditions=RIGHT,
        origin="this package; Menon et al. 2021 and Manski and Lerman 1977 for its ends",
        cites=("menon2021", "manski1977"),
        derived="mlbalance.derivations.offset:bridge",
        computed="mlbalance.theory:bridge_covariance",
        observed="simulations/bridge.py",
    ),
    Claim(
        label="contiguity",
        statement="There is a departure from the model for which weighting already has the "
        "smaller mean squared error although the best one-sided test of 5 % sees it with "
        "probability .26. In other directions the efficient fit may win at any power.",
        latex=r"n (\mathrm{MSE} - \mathrm{MSE}_w) = \omega^2 (\kappa^2 r^2 - 1), \qquad "
        r"\Phi(1 - z_{.95}) = .26 \text{ at } r = \kappa = 1",
        conditions=(*FIRST_ORDER[1:], "no-ridge", "least-favourable"),
        origin="Lumley 2017",
        cites=("lumley2017", "vandervaart1998"),
        derived="mlbalance.derivations.contiguity:contiguity",
        computed="mlbalance.theory:contiguity_power",
        observed="simulations/misspecification.py",
    ),
)
