"""Claims that hold for any number of rows, any smooth loss and any model."""

from mlbalance.claims.claim import CASES, EXACT, LIMIT, Claim, Clause

SCHEMES = (
    *("class weights", "undersample", "undersample with replacement", "under-bagging"),
    *("disjoint bags", "oversample", "bootstrap", "balanced sampler", "cap", "thin"),
    "thin renormalised",
)
"""Keys of the steps about each of the eleven schemes."""

CLAIMS = (
    Claim(
        label="score",
        clauses=(
            Clause(
                "The gradient of the weighted softmax loss is the weighted sum of residuals "
                "(probability less indicator) times features; a known offset only moves the "
                "probabilities.",
                ("residual", "offset", "intercept", "slope"),
            ),
            Clause(
                "A ridge adds its multiple of the coefficients, less their mean where it ignores "
                "shifts common to all classes: none at coefficients that are centred.",
                ("slope", "least-shift", "shift-free", "centred"),
            ),
        ),
        formula=("slope", "shift-free"),
        conditions=("any-model",),
        origin="standard",
        cites=("bohning1992",),
        derived="mlbalance.derivations.proofs.score:score",
        computed="mlbalance.softmax:score",
    ),
    Claim(
        label="hessian",
        clauses=(
            Clause(
                "The Hessian is a weighted sum of variances, so the loss is convex.",
                ("slopes", "mixed", "intercepts", "variances", "pairs", "convex"),
            ),
            Clause(
                "It is zero along common shifts alone if and only if the rows of (1, X) with "
                "positive weight have full rank.",
                ("common-shifts", "no-other"),
            ),
            Clause(
                "A shift-free ridge leaves these, one on all slopes the common intercept.",
                ("penalty", "penalty-shifts", "plain-ridge"),
            ),
        ),
        formula=("slopes", "penalty"),
        conditions=("any-model",),
        origin="standard",
        cites=("bohning1992",),
        derived="mlbalance.derivations.proofs.hessian:hessian",
        computed="mlbalance.softmax:hessian",
    ),
    Claim(
        label="replication",
        clauses=(
            Clause(
                "A weight that is a whole number is that many copies of its row: loss, score, "
                "Hessian and fit are the same.",
                ("loss", "score", "hessian"),
            ),
            Clause(
                "Standard errors are not: copies counted as rows make them too small.",
                ("missing", "too-small"),
            ),
        ),
        formula=("loss", "missing"),
        conditions=("any-model", "additive-loss", "common-ridge"),
        origin="standard",
        derived="mlbalance.derivations.proofs.replication:replication",
        computed="mlbalance.softmax:fit",
    ),
    Claim(
        label="scale",
        clauses=(
            Clause(
                "A positive factor common to all weights and to the ridge leaves the fit alone.",
                ("loss", "score", "minimisers"),
            ),
            Clause(
                "At one ridge on the scale of the sum of unit weights, an undersample of n_u rows "
                "is therefore penalised n/n_u times as much as all n.",
                ("equal-c", "equal-c-two", "penalised-more"),
            ),
        ),
        formula=("loss", "penalised-more"),
        conditions=("any-model", "additive-loss", "common-ridge"),
        origin="standard",
        derived="mlbalance.derivations.proofs.scale:scale",
        computed="mlbalance.softmax:fit",
    ),
    Claim(
        label="conditional-mean",
        clauses=(
            Clause(
                "Given the data, the mean of a scheme's loss, and of its gradient, is that of "
                "class weighting:",
                ("loss", "gradient"),
            ),
            Clause(
                "resampling by label is class weighting plus noise of mean zero.",
                ("sufficient", *SCHEMES),
            ),
        ),
        formula=("loss",),
        conditions=("any-model", "label-only-weights", "unbiased-weights"),
        origin="an instance of the Rao-Blackwell theorem",
        cites=("rao1945", "blackwell1947"),
        derived="mlbalance.derivations.proofs.conditional_mean:conditional_mean",
        computed="mlbalance.schemes:Scheme.moments",
    ),
    Claim(
        label="convex-order",
        clauses=(
            Clause(
                "A convex functional of the loss function is on average no smaller for a scheme "
                "than for class weighting: noise never helps.",
                ("tangent", "mean", "square", "above"),
            ),
        ),
        formula=("above",),
        conditions=("any-model", "label-only-weights", "unbiased-weights", "convex-functional"),
        origin="an instance of Jensen's inequality",
        cites=("jensen1906", "rockafellar1970"),
        derived="mlbalance.derivations.proofs.convex_order:convex_order",
        computed="mlbalance.softmax:loss",
    ),
    Claim(
        label="optimism",
        clauses=(
            Clause(
                "The least loss of a scheme is on average no more than that of class weighting, "
                "and this no more than the least risk, attained or not.",
                ("mean", "below", "risk"),
            ),
            Clause(
                "To first order, in the limit distribution, it is below that by tr(A^-1 J_W)/2, "
                "J_W the variance of its score.",
                ("quadratic", "least-at", "least", "trace"),
                kind=LIMIT,
            ),
        ),
        formula=("below", "least", "trace"),
        conditions=(
            "any-model",
            "label-only-weights",
            "unbiased-weights",
            "common-ridge",
            "independent-rows",
            "first-order",
        ),
        origin="an instance of Jensen's inequality",
        cites=("jensen1906", "vandervaart1998", "hjort1993"),
        derived="mlbalance.derivations.proofs.optimism:optimism",
        computed="mlbalance.theory:excess_risk",
    ),
    Claim(
        label="existence",
        clauses=(
            Clause(
                "Without a ridge the fit exists if and only if no direction ranks every weighted "
                "row's own class no lower than others, and some row's higher,",
                ("slope", "never-rises", "falls", "recession"),
            ),
            Clause("however small positive weights are.", ("margins", "multipliers")),
            Clause("More rows keep a unique fit.", ("subset", "superset")),
            Clause(
                "With a ridge it exists if and only if all classes have weight.",
                ("ridge", "opposite", "without-weight", "falls-for-ever"),
            ),
        ),
        formula=("margins", "multipliers"),
        conditions=("any-model", "unique-subset-fit"),
        origin="Albert and Anderson 1984 for the condition; this package for supersets",
        cites=("albert1984", "stiemke1915", "rockafellar1970"),
        derived="mlbalance.derivations.proofs.existence:existence",
        computed="mlbalance.existence:verdict",
        observed="simulations/existence.py",
    ),
    Claim(
        label="score-variance",
        clauses=(
            Clause(
                "At any sample size and any parameter the variance of the score is exactly a sum "
                "over classes: class k contributes its own score covariance, inflated by one plus "
                "the squared coefficient of variation of its weights.",
                (
                    *("mean-given", "variance-given", "within", "between", "total-variance"),
                    *("fixed-totals", "variance"),
                ),
            ),
        ),
        formula=("variance",),
        conditions=EXACT,
        origin="this package; the factor 1 + c^2 is that of exchangeably weighted bootstraps "
        "(Praestgaard and Wellner 1993; Chatterjee and Bose 2005)",
        cites=("praestgaard1993", "chatterjee2005"),
        derived="mlbalance.derivations.proofs.score_variance:score_variance",
        computed="mlbalance.theory:score_variance",
    ),
    Claim(
        label="random-totals",
        clauses=(
            Clause(
                "A scheme whose class totals are random has one more term in the variance of "
                "the score, from the class means;",
                ("total-variance", "thinned", "known-priors", "sampled"),
            ),
            Clause(
                "an intercept-only model shows it, since with fixed totals it does not vary.",
                ("intercept-only",),
            ),
        ),
        formula=("total-variance", "intercept-only"),
        conditions=("any-model", "label-only-weights", "independent-rows"),
        origin="this package, with the covariances of Poisson and multinomial sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.proofs.random_totals:random_totals",
        computed="mlbalance.theory:score_variance",
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="random-counts",
        clauses=(
            Clause(
                "Weights made from the observed counts carry no between-class term even when "
                "the counts are random: the variance of the score is the mean of the one given the "
                "counts.",
                ("no-count", "mean-of-variances", "class-weights", "all-present", "reciprocal"),
                labels=("score-variance",),
                given=("fixed-counts",),
            ),
            Clause("Weights from known priors do carry one.", labels=("random-totals",)),
        ),
        formula=("mean-of-variances", "class-weights"),
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
        derived="mlbalance.derivations.proofs.random_counts:random_counts",
        computed="mlbalance.theory:random_counts_variance",
        observed="simulations/variance_inflation.py",
    ),
    Claim(
        label="conditional-variance",
        clauses=(
            Clause(
                "Given the data, the noise of a scheme is, class by class, tau_k^2 c_k^2/n_k times "
                "the covariance of the scores, with divisor n_k - 1.",
                ("pairs", "apart", "noise", "fixed-totals"),
            ),
            Clause(
                "It comes on top of the variance of class weighting;", ("squares", "mean", "sum")
            ),
            Clause(
                "the difference between two analysts with their own seeds has twice it.",
                ("analysts",),
            ),
        ),
        formula=("fixed-totals", "mean"),
        conditions=("any-model", "exchangeable-weights", "fixed-totals", "independent-rows"),
        origin="this package, with the variance of simple random sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.proofs.conditional_variance:conditional_variance",
        computed="mlbalance.theory:conditional_variance",
    ),
    Claim(
        label="cv2",
        clauses=(
            Clause(
                "The distributions of eleven schemes give the squared coefficient of variation of "
                "a row's weight in its class: zero for class weights, n_k/m - 1 for an "
                "undersample.",
                ("kept", *SCHEMES),
                kind=CASES,
            ),
            Clause(
                "Where totals are fixed, a scheme enters the variance of the score through this "
                "number alone.",
                labels=("score-variance",),
                given=("fixed-totals", "independent-rows"),
            ),
        ),
        formula=("undersample",),
        conditions=("label-only-weights", "unbiased-weights", "fixed-counts"),
        origin="the moments of simple random sampling",
        cites=("cochran1977",),
        derived="mlbalance.derivations.proofs.cv2:cv2",
        computed="mlbalance.schemes:Scheme.moments",
    ),
    Claim(
        label="bagging",
        clauses=(
            Clause(
                "The mean of B independent draws of the weights has c_k^2 divided by B,",
                ("mean", "coefficient"),
            ),
            Clause(
                "and with it, where totals are fixed, the noise of the score beyond class "
                "weighting.",
                ("score",),
                labels=("score-variance",),
                given=("fixed-counts", "fixed-totals", "independent-rows"),
            ),
            Clause(
                "For the mean of B fits this holds to first order; beyond, its expectation is that "
                "of one fit, whatever B.",
                ("moves", "estimators"),
                given=("first-order", "negligible-weights", "mle-exists"),
                kind=LIMIT,
            ),
        ),
        formula=("coefficient", "score"),
        conditions=(
            "any-model",
            "label-only-weights",
            "unbiased-weights",
            "independent-bags",
        ),
        origin="Breiman 1996 for the method; this package",
        cites=("breiman1996", "hjort1993"),
        derived="mlbalance.derivations.proofs.bagging:bagging",
        computed="mlbalance.schemes:Bagging.moments",
        observed="simulations/bagging.py",
    ),
    Claim(
        label="disjoint-bags",
        clauses=(
            Clause(
                "In classes of more than m rows, bags that share no row have c_k^2 smaller than "
                "independent ones by (B - 1)/B;",
                ("opposed", "coefficient", "gain", "positive"),
            ),
            Clause("a class of m rows is whole in all.", ("smallest",)),
            Clause(
                "B = n_k/m of them partition a class: their mean weights are exactly class weights "
                "in every draw.",
                ("partition", "every-draw"),
            ),
        ),
        formula=("coefficient", "gain"),
        conditions=("label-only-weights", "unbiased-weights", "bags-fit"),
        origin="Chan and Stolfo 1998 for the method; this package",
        cites=("chan1998",),
        derived="mlbalance.derivations.proofs.disjoint_bags:disjoint_bags",
        computed="mlbalance.schemes:Bagging.moments",
        observed="simulations/bagging.py",
    ),
)
