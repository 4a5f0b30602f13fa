# Reference numbers for the tests of ordered beta models, computed with R.
#
#   Rscript make_ordered_beta_reference.R OUT_FOLDER
#
# Writes sim_sliders.csv, simulated ratings from 0 to 100 by 200 raters of 40
# items, some at either end, and ordered_beta.json: ordered beta regressions
# (Kubinec 2023) of these by glmmTMB, with the ratings divided by 100. glmmTMB
# has no finite start of its own for the cutpoints where some ratings are at the
# ends, and is given one; Newton steps follow nlminb.

suppressPackageStartupMessages({ library(glmmTMB); library(jsonlite) })
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20231)
n_raters <- 200; n_items <- 40; each <- 6
rater <- rep(seq_len(n_raters), each = each)
item <- unlist(lapply(seq_len(n_raters), function(r) sample(n_items, each)))
group <- sample(c("a", "b", "c"), n_raters, TRUE, c(.5, .3, .2))[rater]
x <- round(rnorm(length(rater)), 2)
slope <- rnorm(n_raters, 0, .3)[rater]
eta <- .3 + .5 * (group == "b") - .4 * (group == "c") + (.2 + slope) * x +
  rnorm(n_raters, 0, .8)[rater] + rnorm(n_items, 0, .5)[item]
at <- runif(length(eta)); mu <- plogis(eta); phi <- 6
y <- round(100 * rbeta(length(eta), phi * mu, phi * (1 - mu)), 2)
y[y == 0] <- .01; y[y == 100] <- 99.99
y[at < plogis(-2 - eta)] <- 0
y[at > 1 - plogis(eta - 1.6)] <- 100
d <- data.frame(rater = paste0("r", rater), item = paste0("i", item), group, x,
                weight = sample(c(.5, 1, 2), length(y), TRUE), rating = y)
write.csv(d, file.path(out, "sim_sliders.csv"), row.names = FALSE, quote = FALSE)
d$y <- d$rating / 100

fit <- function(formula, w = rep(1, nrow(d))) {
  environment(formula) <- environment()
  m <- glmmTMB(formula, d, family = ordbeta(), start = list(psi = c(-1, 1)), weights = w,
               control = glmmTMBControl(optCtrl = list(iter.max = 1e4, eval.max = 1e4, rel.tol = 1e-14)))
  par <- m$fit$par
  for (k in 1:5) par <- par - solve(optimHess(par, m$obj$fn, m$obj$gr), as.vector(m$obj$gr(par)))
  H <- optimHess(par, m$obj$fn, m$obj$gr); se <- sqrt(diag(solve(H)))
  at <- function(name) unname(which(names(par) == name))
  names(par)[at("beta")] <- names(fixef(m)$cond)
  m$fit$par[] <- par
  rep <- m$obj$env$report(m$obj$env$last.par.best)
  list(formula = sub("^y", "rating", paste(deparse(formula), collapse = "")),
       estimate = as.list(par[seq_along(fixef(m)$cond)]),
       std_error = as.list(setNames(se[seq_along(fixef(m)$cond)], names(fixef(m)$cond))),
       cuts = par[at("psi")], cuts_se = se[at("psi")],
       log_phi = par[at("betad")], log_phi_se = se[at("betad")],
       sd = lapply(VarCorr(m)$cond, function(v) unname(attr(v, "stddev"))),
       loglik = -m$obj$fn(par), gradient = max(abs(m$obj$gr(par))))
}
cases <- list(plain = fit(y ~ group + x), weights = fit(y ~ group + x, d$weight),
              crossed = fit(y ~ group + x + (1 | rater) + (1 | item)),
              slopes = fit(y ~ group + x + (1 + x || rater) + (1 | item)))
versions <- list(glmmTMB = as.character(packageVersion("glmmTMB")),
                 R = paste(R.version$major, R.version$minor, sep = "."))
writeLines(toJSON(list(versions = versions, cases = cases), auto_unbox = TRUE, digits = I(12), pretty = 1),
           file.path(out, "ordered_beta.json"))
