# What R says of fits to the glass data, as JSON: Rscript tests/r/agreement.R GLASS.csv RESULTS.json
#
# A case names its classes (by order of their codes, from 0) and features, which are standardised
# with divisor n - 1. Coefficients are contrasts against the first class, class by class, intercept
# first; covariances are in that order. A package that is not installed leaves out its cases, and
# its version is null.

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("Usage: Rscript tests/r/agreement.R GLASS.csv RESULTS.json")
glass <- read.csv(arguments[1])
glass$y <- match(glass$type, sort(unique(glass$type))) - 1

packages <- c("survey", "nnet", "brglm2")
installed <- vapply(packages, requireNamespace, logical(1), quietly = TRUE)

chosen <- function(classes, features) {
    rows <- glass[glass$y %in% classes, ]
    y <- match(rows$y, classes) - 1
    counts <- as.numeric(table(y))
    data <- data.frame(y = y, scale(rows[features]))
    data$balanced <- (1 / (length(classes) * counts))[y + 1]
    formula <- reformulate(features, "y")
    list(classes = classes, features = features, counts = counts, data = data, formula = formula)
}

result <- function(of, coef, covariances = NULL) {
    theta <- if (is.matrix(coef)) as.vector(t(coef)) else as.vector(coef)
    c(of[c("classes", "features", "counts")], list(coef = theta), lapply(covariances, unname))
}

two <- chosen(c(0, 2), c("Na", "Mg", "Al"))
three <- chosen(c(0, 1, 2), c("Na", "Mg", "Al"))
apart <- chosen(c(3, 4), c("Na", "Al", "K"))

# Base R and survey: two classes, with these as strata or not.

tight <- list(epsilon = 1e-14, maxit = 100)

unweighted <- function(shift) {
    two$data$shift <- shift
    glm(update(two$formula, ~ . + offset(shift)), binomial, two$data, control = tight)
}

base_r <- function() {
    plain <- unweighted(0)
    shifted <- unweighted(log(two$counts[2] / two$counts[1]))
    list(
        glm = result(two, coef(plain), list(model = vcov(plain))),
        glm_offset = result(two, coef(shifted))
    )
}

surveyed <- function() {
    of_design <- function(strata, weights, kind) {
        design <- survey::svydesign(ids = ~1, strata = strata, weights = weights, data = two$data)
        fit <- survey::svyglm(two$formula, design, family = quasibinomial(), control = tight)
        result(two, coef(fit), setNames(list(vcov(fit)), kind))
    }
    list(
        svyglm = of_design(~y, ~balanced, "design"),
        svyglm_unweighted = of_design(~y, rep(1, nrow(two$data)), "design"),
        svyglm_one_stratum = of_design(NULL, ~balanced, "uncentred")
    )
}

# nnet: any number of classes. Its Hessian and probabilities give influences of the rows, whose
# total has the covariance that survey gives it with classes as strata.

multinomial <- function(formula, weights, ...) {
    data <- transform(three$data, y = factor(y), w = weights)
    # Halfway between weights and offset.
    data$halfway <- matrix(log(3 * three$counts) / 2, nrow(data), 3, byrow = TRUE)
    nnet::multinom(formula, data, weights = w, trace = FALSE,
                   reltol = 0, abstol = 0, maxit = 10000, ...)
}

stratified <- function(fit) {
    X <- model.matrix(three$formula, three$data)
    r <- outer(three$data$y, 0:2, "==") - fitted(fit)
    influence <- cbind(r[, 2] * X, r[, 3] * X) %*% solve(fit$Hessian)
    design <- survey::svydesign(ids = ~1, strata = ~y, weights = ~balanced, data = three$data)
    matrix(vcov(survey::svytotal(influence, design)), ncol(influence))
}

networks <- function() {
    balanced <- three$data$balanced
    fit <- multinomial(three$formula, balanced, Hess = TRUE)
    bridge <- multinomial(update(three$formula, ~ . + offset(halfway)), sqrt(balanced))
    list(
        multinom = result(three, coef(fit), if (installed["survey"]) list(design = stratified(fit))),
        multinom_bridge = result(three, coef(bridge))
    )
}

# brglm2: Firth's penalty, also where classes are separated, and no penalty by the same scoring.

penalised <- function() {
    control <- function(type) list(type = type, epsilon = 1e-13, maxit = 10000)
    binary <- function(of) {
        fit <- glm(of$formula, binomial, of$data,
                   method = brglm2::brglm_fit, control = control("AS_mean"))
        result(of, coef(fit), list(model = vcov(fit)))
    }
    ternary <- function(type) {
        data <- transform(three$data, y = factor(y))
        fit <- brglm2::brmultinom(three$formula, data, ref = 1, control = control(type))
        result(three, coef(fit), list(model = vcov(fit)))
    }
    list(
        brglm = binary(two),
        brglm_separated = binary(apart),
        brmultinom = ternary("AS_mean"),
        brmultinom_unpenalised = ternary("ML")
    )
}

# JSON, which base R has no writer for.

json <- function(x) {
    if (is.null(x)) return("null")
    if (is.list(x)) {
        parts <- paste0("\"", names(x), "\": ", vapply(x, json, ""))
        return(paste0("{", paste(parts, collapse = ",\n"), "}"))
    }
    if (is.matrix(x)) return(paste0("[", paste(apply(x, 1, json), collapse = ",\n"), "]"))
    parts <- if (is.character(x)) paste0("\"", x, "\"") else sprintf("%.12g", x)
    if (is.character(x) && length(x) == 1) return(parts)
    paste0("[", paste(parts, collapse = ", "), "]")
}

version <- function(package) if (installed[package]) as.character(packageVersion(package))
results <- list(
    versions = c(R = as.character(getRversion()), sapply(packages, version, simplify = FALSE)),
    cases = c(
        base_r(),
        if (installed["survey"]) surveyed(),
        if (installed["nnet"]) networks(),
        if (installed["brglm2"]) penalised()
    )
)
writeLines(json(results), arguments[2])
