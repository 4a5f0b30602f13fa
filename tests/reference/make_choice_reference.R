# Reference numbers for the tests of models of choices, computed with R.
#
#   Rscript make_choice_reference.R OUT_FOLDER
#
# OUT_FOLDER holds sim_choices.csv and sim_rankings.csv and receives
# choices.json: Bradley-Terry models with and without the advantage of being
# shown first (BradleyTerry2), with ties (ordinal::clm), with
# clustered errors (sandwich), with a normal deviation of each rater for each
# option (lme4, with the two deviations of a comparison put into Zt by hand),
# and exploded logits with Breslow's ties and clustered errors (survival).
# All strengths are those less that of option a.

suppressPackageStartupMessages({
  library(BradleyTerry2); library(ordinal); library(sandwich); library(lme4); library(survival); library(jsonlite)
})
out <- commandArgs(trailingOnly = TRUE)[1]
d <- read.csv(file.path(out, "sim_choices.csv"))
opts <- sort(unique(c(d$first, d$second)))
X <- sapply(opts[-1], function(o) (d$first == o) - (d$second == o))
n <- d$outcome != "tie"
named <- function(b, se, loglik) list(estimate = unname(b), std_error = unname(se), loglik = as.numeric(loglik))
cases <- list()

b <- data.frame(win = as.integer(d$outcome[n] == "first"))
b$one <- data.frame(option = factor(d$first[n], opts), shown = 1)
b$two <- data.frame(option = factor(d$second[n], opts), shown = 0)
bt <- BTm(cbind(win, 1 - win), one, two, ~ option, id = "option", data = b)
cases$plain <- named(coef(bt), sqrt(diag(vcov(bt))), logLik(bt))
home <- BTm(cbind(win, 1 - win), one, two, ~ option + shown, id = "option", data = b)
cases$shown <- named(coef(home), sqrt(diag(vcov(home))), logLik(home))
glm1 <- glm(b$win ~ 0 + X[n, ], family = binomial, control = glm.control(epsilon = 1e-14))
cases$clustered <- named(coef(glm1), sqrt(diag(vcovCL(glm1, cluster = d$rater[n], type = "HC0", cadjust = TRUE))), logLik(glm1))
probit <- glm(b$win ~ 0 + X[n, ], family = binomial("probit"), control = glm.control(epsilon = 1e-14))
cases$probit <- named(coef(probit), sqrt(diag(vcov(probit))), logLik(probit))
y <- (d$group == "y") + 0
both <- cbind(X, y * X)
glm2 <- glm(b$win ~ 0 + both[n, ], family = binomial, control = glm.control(epsilon = 1e-14))
cases$groups <- named(coef(glm2), sqrt(diag(vcovCL(glm2, cluster = d$rater[n], type = "HC0", cadjust = TRUE))), logLik(glm2))
# Thresholds 1|2 and 2|3 are -tie - shown and tie - shown.
tied <- clm(factor(d$outcome, c("second", "tie", "first")) ~ X, control = clm.control(gradTol = 1e-10))
L <- rbind(c(-.5, .5, 0, 0, 0, 0), c(-.5, -.5, 0, 0, 0, 0), cbind(0, 0, diag(4)))
cases$ties <- named(L %*% coef(tied), sqrt(diag(L %*% vcov(tied) %*% t(L))), logLik(tied))

m <- d[n, ]; m$win <- b$win
of <- function(o) paste(m$rater, o)
lev <- sort(unique(c(of(m$first), of(m$second))))
m$fake <- factor(rep(lev, length.out = nrow(m)), lev)
Xn <- X[n, ]
gf <- glFormula(win ~ 0 + Xn + (1 | fake), m, family = binomial,
                control = glmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.rankZ = "ignore", check.nobs.vs.nRE = "ignore"))
Z <- sparseMatrix(i = c(match(of(m$first), lev), match(of(m$second), lev)), j = rep(seq_len(nrow(m)), 2),
                  x = rep(c(1, -1), each = nrow(m)), dims = c(length(lev), nrow(m)))
gf$reTrms$Zt <- as(Z, "dgCMatrix")
dev <- do.call(mkGlmerDevfun, gf)
opt <- optimizeGlmer(dev)
dev <- updateGlmerDevfun(dev, gf$reTrms)
opt <- optimizeGlmer(dev, stage = 2, control = list(rhoend = 1e-9))
fit <- mkMerMod(environment(dev), opt, gf$reTrms, fr = gf$fr)
cases$raters <- c(named(fixef(fit), sqrt(diag(as.matrix(vcov(fit)))), logLik(fit)), list(sd = unname(getME(fit, "theta"))))

r <- read.csv(file.path(out, "sim_rankings.csv"))
r$time <- ifelse(is.na(r$rank), 9, r$rank)
W <- sapply(opts[-1], function(o) (r$option == o) + 0); shown <- (r$position == 1) + 0
ex <- coxph(Surv(time, !is.na(rank)) ~ shown + W + strata(choice) + cluster(rater), r, ties = "breslow", control = coxph.control(eps = 1e-12))
cases$rankings <- named(coef(ex), sqrt(diag(vcov(ex))), ex$loglik[2])
# The best alone, where one is.
best <- subset(transform(r, chosen = !is.na(rank) & rank == 1), ave(chosen, choice, FUN = sum) == 1)
V <- sapply(opts[-1], function(o) (best$option == o) + 0)
cl <- coxph(Surv(rep(1, nrow(best)), chosen) ~ V + strata(choice) + cluster(rater), best, ties = "breslow", control = coxph.control(eps = 1e-12))
cases$best <- named(coef(cl), sqrt(diag(vcov(cl))), cl$loglik[2])

cit <- countsToBinomial(citations)
names(cit)[1:2] <- c("one", "two")
cb <- BTm(cbind(win1, win2), one, two, data = cit)
cases$citations <- c(named(coef(cb), sqrt(diag(vcov(cb))), logLik(cb)), list(names = sub("\\.\\.", "", names(coef(cb))), counts = cit))

versions <- sapply(c("BradleyTerry2", "ordinal", "sandwich", "lme4", "survival"), function(p) as.character(packageVersion(p)), simplify = FALSE)
versions$R <- paste(R.version$major, R.version$minor, sep = ".")
writeLines(toJSON(list(versions = versions, cases = cases), auto_unbox = TRUE, digits = I(12), pretty = 1), file.path(out, "choices.json"))
