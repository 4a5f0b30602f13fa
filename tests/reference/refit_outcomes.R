# Differences between designs by lme4, from a table of scores as reports offer it.
#
#   Rscript refit_outcomes.R SCORES.csv FORMULA [BASE_MODEL]
#
# Writes JSON: for every dimension and pair of designs the estimate and its standard error, and the
# versions. With BASE_MODEL only the scores of that base model count.

suppressPackageStartupMessages({ library(lme4); library(jsonlite) })
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(args[1], colClasses = c(design = "character"))
if (length(args) > 2) d <- d[d$base_model == args[3], ]
tight <- lmerControl(check.conv.singular = "ignore", optCtrl = list(
  xtol_abs = 1e-10, xtol_rel = 1e-10, ftol_abs = 1e-14, ftol_rel = 1e-14, maxeval = 1e5))
found <- list()
for (dimension in unique(d$dimension)) {
  own <- d[d$dimension == dimension, ]
  own$design <- relevel(factor(own$design), "control")
  fit <- lmer(as.formula(args[2]), own, control = tight)
  designs <- levels(own$design)
  for (a in designs) for (b in setdiff(designs, a)) {
    weights <- (names(fixef(fit)) == paste0("design", a)) - (names(fixef(fit)) == paste0("design", b))
    found[[length(found) + 1]] <- list(
      dimension = dimension, contrast = paste(a, "vs", b), estimate = sum(weights * fixef(fit)),
      std_error = sqrt(drop(weights %*% as.matrix(vcov(fit)) %*% weights)))
  }
}
versions <- list(R = paste(R.version$major, R.version$minor, sep = "."),
                 lme4 = as.character(packageVersion("lme4")))
cat(toJSON(list(versions = versions, differences = found), auto_unbox = TRUE, digits = 10))
