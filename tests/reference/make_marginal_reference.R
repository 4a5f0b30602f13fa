# Reference numbers for the tests of marginal models, computed with R.
#
#   Rscript make_marginal_reference.R OUT_FOLDER
#
# OUT_FOLDER holds sim_toxicity.csv.gz (see make_brms_reference.R) and receives
# marginal.json: least squares with cluster-robust errors (sandwich, CR1), a
# Gaussian GEE with exchangeable raters (geepack), and a cumulative logit model
# by maximum likelihood with cluster-robust errors without small-sample factor
# (MASS, sandwich). That last one is what ordinal equations give if ratings of a
# rater are taken to be independent. geepack's ordgee is of no use here: with
# corstr="independence" it is far from the maximum of the likelihood.

suppressPackageStartupMessages({ library(MASS); library(sandwich); library(geepack); library(jsonlite) })
out <- commandArgs(trailingOnly = TRUE)[1]
d <- read.csv(gzfile(file.path(out, "sim_toxicity.csv.gz")))
levels <- list(gender = c("Female", "Male", "Non-binary"), politics = c("Liberal", "Centre", "Conservative"))
for (n in names(levels)) d[[n]] <- factor(d[[n]], levels[[n]])
d <- d[complete.cases(d), ]
d <- d[order(d$rater), ]

named <- function(b, V) list(estimate = as.list(b), std_error = as.list(sqrt(diag(V))))
ols <- lm(rating ~ gender + politics, d)
gee <- geeglm(rating ~ gender + politics, data = d, id = rater, corstr = "exchangeable",
              control = geese.control(epsilon = 1e-12, maxit = 100))
clm <- polr(ordered(rating) ~ gender + politics, d, Hess = TRUE, control = list(reltol = 1e-15))
V <- vcovCL(clm, cluster = d$rater, type = "HC0", cadjust = FALSE)
versions <- sapply(c("MASS", "sandwich", "geepack"), function(p) as.character(packageVersion(p)), simplify = FALSE)
cases <- list(ols = named(coef(ols), vcovCL(ols, cluster = ~rater, type = "HC1")),
              gee = c(named(coef(gee), vcov(gee)), list(correlation = gee$geese$alpha[[1]])),
              ordinal = named(c(coef(clm), clm$zeta), V))
versions$R <- paste(R.version$major, R.version$minor, sep = ".")
writeLines(toJSON(list(versions = versions, levels = levels, cases = cases), auto_unbox = TRUE, digits = I(12), pretty = 1),
           file.path(out, "marginal.json"))
